// SPDX-License-Identifier: BSD-2-Clause
/* What scenarios share: what is counted, the sockets, and packets by the kernel. */
#include "reader.h"

int is_ipv6;
int count = 200;
int sender, home; /* network namespaces */
const char *command = "true";
int udp_sender, tcp_sender, outer_socket;

int checked(int result, const char *what)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "socket_reader: %s: %s\n", what, strerror(errno));
	exit(1);
}

void take(struct tally *tally, int err, int is_right)
{
	if (err) {
		tally->refused++;
		tally->errors[-err]++;
	} else if (is_right) {
		tally->right++;
	} else {
		tally->wrong++;
	}
}

void tell(const char *what, const struct tally *tally)
{
	printf("%s: %d right, %d wrong", what, tally->right, tally->wrong);
	for (int i = 0; i < 140; i++)
		if (tally->errors[i])
			printf(", %d %s", tally->errors[i], strerrorname_np(i));
	printf("\n");
}

/* Sockets. */

struct place receiver_at(int port)
{
	struct place place = {.size = is_ipv6 ? sizeof(place.v6) : sizeof(place.v4)};

	if (is_ipv6) {
		place.v6.sin6_family = AF_INET6;
		place.v6.sin6_port = htons(port);
		inet_pton(AF_INET6, "fd00::2", &place.v6.sin6_addr);
	} else {
		place.v4.sin_family = AF_INET;
		place.v4.sin_port = htons(port);
		inet_pton(AF_INET, "192.0.2.2", &place.v4.sin_addr);
	}
	return place;
}

void set(int fd, int level, int name, int value)
{
	checked(setsockopt(fd, level, name, &value, sizeof(value)), "setsockopt");
}

int make(int type)
{
	return checked(socket(is_ipv6 ? AF_INET6 : AF_INET, type, 0), "socket");
}

int make_sender(int type)
{
	int fd;

	checked(setns(sender, CLONE_NEWNET), "enter the sender's namespace");
	fd = make(type);
	checked(setns(home, CLONE_NEWNET), "go back");
	return fd;
}

int bound(int type)
{
	struct place place = receiver_at(PORT);
	int fd = make(type);

	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	set(fd, SOL_SOCKET, SO_RCVBUF, 1 << 20);
	checked(bind(fd, &place.any, place.size), "bind");
	return fd;
}

int accepted(int listening)
{
	struct place place = receiver_at(PORT);

	checked(connect(tcp_sender, &place.any, place.size), "connect");
	set(tcp_sender, IPPROTO_TCP, TCP_NODELAY, 1);
	return checked(accept(listening, NULL, NULL), "accept");
}

int listening(int is_keeping)
{
	int fd = bound(SOCK_STREAM);

	if (is_keeping)
		checked(pktmeta_receive_bytes(fd), "pktmeta_receive_bytes");
	checked(listen(fd, 1), "listen");
	return fd;
}

void send_datagram(__u64 number, size_t size)
{
	struct place place = receiver_at(PORT);
	__u64 bytes[256] = {number};

	checked(sendto(udp_sender, bytes, size, 0, &place.any, place.size), "sendto");
}

void send_some(__u64 first)
{
	for (int i = 0; i < AT_ONCE; i++)
		send_datagram(first + i, 64);
	usleep(3000);
}

int receive(int fd, __u64 *number, int flags)
{
	__u64 bytes[256];
	int size = recv(fd, bytes, sizeof(bytes), flags | MSG_DONTWAIT);

	if (size >= (int)sizeof(*number))
		*number = bytes[0];
	return size;
}

int id_of(int fd, const char *name)
{
	int id = pktmeta_field_id(fd, name);

	if (id < 0)
		fprintf(stderr, "socket_reader: field %s: %s\n", name, pktmeta_socket_error(id));
	return id;
}

int ask_and_read(int fd, int reader, int number, struct tally *tally, int flags)
{
	__u64 value = 0, read = 0;
	int err = pktmeta_next(fd, number, &value, sizeof(value));

	if (receive(reader, &read, flags) < 0)
		return 0;
	take(tally, err, value == read && read != BAD);
	return 1;
}

int read_and_ask(int fd, int number, struct tally *tally)
{
	struct timespec time;
	__u64 value = 0, read = 0;
	int err;

	if (receive_message(fd, &read, &time, NULL, MSG_DONTWAIT) < 0)
		return 0;
	err = pktmeta_at(fd, number, &time, &value, sizeof(value));
	take(tally, err, value == read && read != BAD);
	return 1;
}

void run_command(const char *step)
{
	setenv("STEP", step, 1);
	checked(system(command) ? -1 : 0, "run the command");
}
