// SPDX-License-Identifier: BSD-2-Clause
/*
 * An application that asks for fields of what it receives, in one way or another, and says how often the answer was
 * right: of packets whose fields repeat bytes of their own.
 *
 *	socket_reader CGROUP SENDER 4|6 SCENARIO [COUNT]
 *
 * CGROUP is the folder of the cgroup that it is to be in, SENDER a file of the network namespace that it sends from.
 * Before it receives anything, it gives up all privileges.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/types.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pktmeta/socket.h>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define PORT 4739
#define LONGEST 120 /* seconds */

static int is_ipv6;
static int count = 200;
static int sender, home; /* network namespaces */

static int checked(int result, const char *what)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "socket_reader: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* What came of questions. */
struct tally {
	int right, wrong, refused;
	int errors[140]; /* by errno */
};

static void take(struct tally *tally, int err, int is_right)
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

static void tell(const char *what, const struct tally *tally)
{
	printf("%s: %d right, %d wrong", what, tally->right, tally->wrong);
	for (int i = 0; i < 140; i++)
		if (tally->errors[i])
			printf(", %d %s", tally->errors[i], strerrorname_np(i));
	printf("\n");
}

/* Sockets. */

struct place {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t size;
};

static struct place receiver_at(int port)
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

static void set(int fd, int level, int name, int value)
{
	checked(setsockopt(fd, level, name, &value, sizeof(value)), "setsockopt");
}

static int make(int type)
{
	return checked(socket(is_ipv6 ? AF_INET6 : AF_INET, type, 0), "socket");
}

/* All that are sent from are made first, while there is the privilege to enter the other namespace. */
static int make_sender(int type)
{
	int fd;

	checked(setns(sender, CLONE_NEWNET), "enter the sender's namespace");
	fd = make(type);
	checked(setns(home, CLONE_NEWNET), "go back");
	return fd;
}

static int bound(int type)
{
	struct place place = receiver_at(PORT);
	int fd = make(type);

	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	set(fd, SOL_SOCKET, SO_RCVBUF, 1 << 20);
	checked(bind(fd, &place.any, place.size), "bind");
	return fd;
}

static int udp_sender;

static void send_datagram(__u64 number, size_t size)
{
	struct place place = receiver_at(PORT);
	__u64 bytes[256] = {number};

	checked(sendto(udp_sender, bytes, size, 0, &place.any, place.size), "sendto");
}

/* No more at a time than surely fit the receive buffer. */
#define AT_ONCE 50

static void send_some(__u64 first)
{
	for (int i = 0; i < AT_ONCE; i++)
		send_datagram(first + i, 64);
	usleep(3000);
}

static int receive(int fd, __u64 *number, int flags)
{
	__u64 bytes[256];
	int size = recv(fd, bytes, sizeof(bytes), flags | MSG_DONTWAIT);

	if (size >= (int)sizeof(*number))
		*number = bytes[0];
	return size;
}

static int id_of(int fd, const char *name)
{
	int id = pktmeta_field_id(fd, name);

	if (id < 0)
		fprintf(stderr, "socket_reader: field %s: %s\n", name, pktmeta_socket_error(id));
	return id;
}

/* Datagrams. */

static void read_one_by_one(const char *what, int fd, int is_peeking)
{
	int number = id_of(fd, "number");
	struct tally tally = {0};
	__u64 value = 0, read = 0;

	for (int sent = 0; sent < count; sent += AT_ONCE) {
		send_some(sent);
		for (;;) {
			int err = pktmeta_next(fd, number, &value, sizeof(value));

			if (is_peeking) {
				if (receive(fd, &read, MSG_PEEK) < 0)
					break;
				take(&tally, err, value == read);
				err = pktmeta_next(fd, number, &value, sizeof(value));
			}
			if (receive(fd, &read, 0) < 0)
				break;
			take(&tally, err, value == read);
		}
	}
	tell(what, &tally);
}

static void udp_next(void)
{
	read_one_by_one("next", bound(SOCK_DGRAM), 0);
}

static void udp_peek(void)
{
	read_one_by_one("peek", bound(SOCK_DGRAM), 1);
}

static void udp_connected(void)
{
	struct place peer = {.size = sizeof(peer.v6)};
	int fd = bound(SOCK_DGRAM);

	send_datagram(0, 64);
	usleep(10000);
	checked(recvfrom(fd, &(char){0}, 1, 0, &peer.any, &peer.size), "recvfrom");
	checked(connect(fd, &peer.any, peer.size), "connect");
	read_one_by_one("connected", fd, 0);
}

static void udp_epoll(void)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	int fd = bound(SOCK_DGRAM), queue = checked(epoll_create1(0), "epoll_create1"), number = id_of(fd, "number");
	struct tally tally = {0};
	__u64 value = 0, read = 0;

	checked(epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
	for (int sent = 0; sent < count; sent += AT_ONCE) {
		send_some(sent);
		while (epoll_wait(queue, &event, 1, 50) > 0) {
			for (;;) {
				int err = pktmeta_next(fd, number, &value, sizeof(value));

				if (receive(fd, &read, 0) < 0)
					break;
				take(&tally, err, value == read);
			}
		}
	}
	tell("epoll", &tally);
}

static void udp_batch(void)
{
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number");
	struct tally tally = {0};
	__u64 values[64], read;
	int errors[64], got;

	for (int sent = 0; sent < count; sent += AT_ONCE) {
		send_some(sent);
		while ((got = pktmeta_next_batch(fd, number, values, sizeof(*values), errors, 32)) > 0)
			for (int i = 0; i < got; i++) {
				checked(receive(fd, &read, 0), "recv");
				take(&tally, errors[i], values[i] == read);
			}
		if (got != -EAGAIN)
			take(&tally, got, 0);
	}
	tell("batch", &tally);
}

static void udp_recvmmsg(void)
{
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number");
	struct mmsghdr messages[32] = {0};
	struct iovec parts[32];
	struct tally tally = {0};
	__u64 values[32], bytes[32][8];
	int errors[32], got;

	for (int i = 0; i < 32; i++) {
		parts[i] = (struct iovec){bytes[i], sizeof(bytes[i])};
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (int sent = 0; sent < count; sent += AT_ONCE) {
		send_some(sent);
		while ((got = pktmeta_next_batch(fd, number, values, sizeof(*values), errors, 32)) > 0) {
			int read = checked(recvmmsg(fd, messages, got, MSG_DONTWAIT, NULL), "recvmmsg");

			for (int i = 0; i < read; i++)
				take(&tally, errors[i], values[i] == bytes[i][0]);
		}
	}
	tell("recvmmsg", &tally);
}

/* Reads a datagram with its timestamp and mark. */
static int receive_message(int fd, __u64 *number, struct timespec *time, __u32 *mark, int flags)
{
	__u64 bytes[256];
	char control[256];
	struct iovec part = {bytes, sizeof(bytes)};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	int size = recvmsg(fd, &message, flags);

	if (size < 0)
		return size;
	*number = bytes[0];
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS && time)
			memcpy(time, CMSG_DATA(c), sizeof(*time));
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_MARK && mark)
			memcpy(mark, CMSG_DATA(c), sizeof(*mark));
	}
	return size;
}

static void udp_at(void)
{
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number");
	struct tally tally = {0};
	struct timespec time;
	__u64 value = 0, read = 0;

	checked(pktmeta_receive_at(fd), "pktmeta_receive_at");
	usleep(100000); /* until the kernel has begun to take times */
	for (int sent = 0; sent < count; sent += AT_ONCE) {
		send_some(sent);
		while (receive_message(fd, &read, &time, NULL, MSG_DONTWAIT) >= 0) {
			int err = pktmeta_at(fd, number, &time, &value, sizeof(value));

			take(&tally, err, value == read);
		}
	}
	tell("at", &tally);
}

static void udp_mark(void)
{
	int fd = bound(SOCK_DGRAM), tenant = id_of(fd, "short_number"), err = pktmeta_receive_mark(fd, tenant);
	struct tally tally = {0};
	__u64 read;

	if (err) {
		take(&tally, err, 0);
		tell("mark", &tally);
		return;
	}
	for (int sent = 0; sent < count; sent += AT_ONCE) {
		__u32 mark = 0;

		send_some(sent);
		while (receive_message(fd, &read, NULL, &mark, MSG_DONTWAIT) >= 0)
			take(&tally, 0, mark == (__u32)read);
	}
	tell("mark", &tally);
}

/* Several threads on one socket. */

struct reader {
	pthread_t thread;
	int fd, number, is_by_time;
	struct tally tally;
};

static volatile int is_over;

static void *read_along(void *argument)
{
	struct reader *reader = argument;
	struct timespec time;
	__u64 value = 0, read = 0;

	while (!is_over) {
		int err;

		if (reader->is_by_time) {
			if (receive_message(reader->fd, &read, &time, NULL, MSG_DONTWAIT) < 0) {
				sched_yield();
				continue;
			}
			err = pktmeta_at(reader->fd, reader->number, &time, &value, sizeof(value));
		} else {
			err = pktmeta_next(reader->fd, reader->number, &value, sizeof(value));
			if (receive(reader->fd, &read, 0) < 0) {
				sched_yield();
				continue;
			}
		}
		take(&reader->tally, err, value == read);
	}
	return NULL;
}

static void read_by_threads(const char *what, int is_by_time)
{
	struct reader readers[4] = {0};
	struct tally all = {0};
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number");

	if (is_by_time)
		checked(pktmeta_receive_at(fd), "pktmeta_receive_at");
	usleep(100000);
	for (int i = 0; i < 4; i++) {
		readers[i] = (struct reader){.fd = fd, .number = number, .is_by_time = is_by_time};
		pthread_create(&readers[i].thread, NULL, read_along, &readers[i]);
	}
	for (int sent = 0; sent < count; sent += AT_ONCE)
		send_some(sent);
	usleep(100000);
	is_over = 1;
	for (int i = 0; i < 4; i++) {
		pthread_join(readers[i].thread, NULL);
		all.right += readers[i].tally.right;
		all.wrong += readers[i].tally.wrong;
		for (int k = 0; k < 140; k++)
			all.errors[k] += readers[i].tally.errors[k];
	}
	tell(what, &all);
}

static void udp_at_threads(void)
{
	read_by_threads("at, four threads", 1);
}

/* What goes wrong if threads that read do not take turns. */
static void udp_next_threads(void)
{
	read_by_threads("next, four threads", 0);
}

/* A read of several datagrams at once, which were sent and merged as one. */
static void udp_merged(void)
{
	int fd = bound(SOCK_DGRAM), tenant = id_of(fd, "tenant");
	struct place place = receiver_at(PORT);
	struct tally tally = {0};
	char bytes[8 * 1000] = {0};
	int most = 0;
	__u32 value = 0;

	set(fd, SOL_UDP, UDP_GRO, 1);
	set(udp_sender, SOL_UDP, UDP_SEGMENT, 1000);
	for (int sent = 0; sent < count; sent += 8) {
		int size, err;

		checked(sendto(udp_sender, bytes, sizeof(bytes), 0, &place.any, place.size), "sendto");
		usleep(1000);
		for (;;) {
			err = pktmeta_next(fd, tenant, &value, sizeof(value));
			size = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
			if (size < 0)
				break;
			most = size > most ? size : most;
			take(&tally, err, value == 7);
		}
	}
	printf("merged: up to %d bytes a read; ", most);
	tell("values", &tally);
}

/* A datagram whose checksum is wrong, which the kernel only finds out as it reads: it is passed over. */
static void udp_checksum(void)
{
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number");
	struct tally tally = {0};
	__u64 value = 0, read = 0;

	for (int sent = 0; sent < count; sent += 2) {
		/* The sender makes every other one wrong (with the interface's help). */
		send_datagram(sent, 63 + sent / 2 % 2);
		send_datagram(sent + 1, 64);
	}
	usleep(20000);
	for (;;) {
		int err = pktmeta_next(fd, number, &value, sizeof(value));

		if (receive(fd, &read, 0) < 0)
			break;
		take(&tally, err, value == read);
	}
	tell("checksum", &tally);
}

/* TCP. */

static int tcp_sender;

static int accepted(int listening)
{
	struct place place = receiver_at(PORT);

	checked(connect(tcp_sender, &place.any, place.size), "connect");
	set(tcp_sender, IPPROTO_TCP, TCP_NODELAY, 1);
	return checked(accept(listening, NULL, NULL), "accept");
}

static int listening(int is_keeping)
{
	int fd = bound(SOCK_STREAM);

	if (is_keeping)
		checked(pktmeta_receive_bytes(fd), "pktmeta_receive_bytes");
	checked(listen(fd, 1), "listen");
	return fd;
}

/* Each packet's field is its own sequence number: of its first byte. */
struct stream {
	int fd, id;
	__u32 start, read;
	int has_begun;
	struct tally tally;
};

/* Asks, and reads no more than the answer is about: bytes, or none if none are there. */
static int read_run(struct stream *stream, size_t most)
{
	static char buffer[1 << 20];
	__u32 value = 0;
	size_t bytes = 0;
	int err = pktmeta_next_bytes(stream->fd, stream->id, &value, sizeof(value), &bytes), size;

	if (err == -EAGAIN)
		return 0;
	value = ntohl(value);
	if (!stream->has_begun && !err) {
		stream->start = value - stream->read;
		stream->has_begun = 1;
	}
	/* A segment that was merged by GRO, or sent as one, is longer than its own first packet. */
	take(&stream->tally, err, stream->read - (value - stream->start) < most);
	if (!bytes)
		bytes = 1;
	size = checked(read(stream->fd, buffer, bytes < sizeof(buffer) ? bytes : sizeof(buffer)), "read");
	stream->read += size;
	return size;
}

static void tcp_requests(void)
{
	int fd = accepted(listening(0));
	struct stream stream = {.fd = fd, .id = id_of(fd, "sequence")};
	char request[100] = {0};

	for (int i = 0; i < count; i++) {
		checked(write(tcp_sender, request, sizeof(request)), "write");
		while (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 1000) > 0 && read_run(&stream, 1))
			break;
	}
	tell("requests", &stream.tally);
}

static void read_merged(const char *what, int is_keeping)
{
	int fd = accepted(listening(is_keeping));
	struct stream stream = {.fd = fd, .id = id_of(fd, "sequence")};
	char request[200] = {0};

	for (int i = 0; i < 40; i++) {
		checked(write(tcp_sender, request, 100 + i), "write");
		usleep(500); /* or the sender puts several in one packet */
	}
	usleep(20000);
	while (read_run(&stream, 1))
		;
	tell(what, &stream.tally);
}

static void tcp_merged(void)
{
	read_merged("merged", 0);
}

static void tcp_bytes(void)
{
	read_merged("bytes", 1);
}

static void tcp_bulk(void)
{
	int fd = accepted(listening(1));
	struct stream stream = {.fd = fd, .id = id_of(fd, "sequence")};
	static char bytes[60000];
	int child = fork();

	if (!child) {
		for (int i = 0; i < count; i++)
			checked(write(tcp_sender, bytes, sizeof(bytes)), "write");
		_exit(0);
	}
	while (stream.read < (__u32)count * sizeof(bytes))
		if (!read_run(&stream, 65536))
			usleep(50);
	waitpid(child, NULL, 0);
	tell("bulk", &stream.tally);
}

/* What is refused. */

static void say(const char *what, int err)
{
	printf("%s: %s\n", what, err == 0 ? "0" : err > 0 ? "?" : strerrorname_np(-err));
}

static void refusals(void)
{
	int udp = bound(SOCK_DGRAM), tcp = listening(0), number = id_of(udp, "number"), fd;
	unsigned char large[8192];
	socklen_t size = 4;
	size_t bytes;
	__u64 value;

	say("empty", pktmeta_next(udp, number, &value, sizeof(value)));
	say("listening", pktmeta_next(tcp, number, &value, sizeof(value)));
	say("bytes of a datagram", pktmeta_next_bytes(udp, number, &value, sizeof(value), &bytes));
	send_datagram(1, 64);
	usleep(10000);
	say("no such field", pktmeta_next(udp, 0x01ffff01, &value, sizeof(value)));
	say("no id", pktmeta_next(udp, -2, &value, sizeof(value)));
	say("other size", pktmeta_next(udp, number, &value, 4));
	say("larger size", pktmeta_next(udp, number, &large, 64));
	say("too large", pktmeta_next(udp, number, &large, 65));
	say("not set", pktmeta_next(udp, id_of(udp, "unset"), &value, sizeof(value)));
	say("no such name", pktmeta_field_id(udp, "nothing"));
	say("hidden name", pktmeta_field_id(udp, "hidden"));
	say("mark of 8 bytes", pktmeta_receive_mark(udp, number));
	say("never kept", pktmeta_at(udp, number, &(struct timespec){1, 1}, &value, sizeof(value)));
	say("small buffer",
	    getsockopt(udp, PKTMETA_SOCKET_LEVEL(PKTMETA_WAY_NEXT, number), 0, large, &size) ? -errno : 0);
	size = sizeof(large);
	say("large buffer",
	    getsockopt(udp, PKTMETA_SOCKET_LEVEL(PKTMETA_WAY_NEXT, number), 0, large, &size) ? -errno : 0);
	say("other way", getsockopt(udp, PKTMETA_SOCKET_LEVEL(9, number), 0, large, &size) ? -errno : 0);
	say("no place", getsockopt(udp, PKTMETA_SOCKET_LEVEL(PKTMETA_WAY_NEXT, number), 0, NULL, &size) ? -errno : 0);
	size = 1;
	say("set garbage", setsockopt(udp, PKTMETA_SOCKET_LEVEL(PKTMETA_WAY_AT, 0), 0, large, 1) ? -errno : 0);
	fd = checked(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");
	say("UNIX", pktmeta_next(fd, number, &value, sizeof(value)));
	fd = socket(AF_INET, SOCK_STREAM, 262);
	if (fd >= 0)
		say("MPTCP", pktmeta_next(fd, number, &value, sizeof(value)));
	close(udp);
	say("closed", pktmeta_next(udp, number, &value, sizeof(value)));
}

/* Values of each size. */
static void sizes(void)
{
	int fd = bound(SOCK_DGRAM);
	struct pktmeta_socket_field field;
	unsigned char value[64];
	int slot = 0;

	send_datagram(1, 64);
	usleep(10000);
	while (!pktmeta_next_field(fd, slot, &field)) {
		int err = pktmeta_next(fd, field.id, value, field.size);

		printf("%s, type %u, %u bytes: ", field.name, field.type, field.size);
		if (err)
			printf("%s", strerrorname_np(-err));
		for (__u32 i = 0; !err && i < field.size; i++)
			printf("%02x", value[i]);
		printf("\n");
		slot = field.slot + 1;
	}
}

static int is_other_each_time(int level, int name)
{
	if (level == IPPROTO_TCP)
		return name == TCP_TIMESTAMP;
	return level == SOL_SOCKET && (name == 57 || name == 71); /* SO_COOKIE, SO_NETNS_COOKIE */
}

/* Options of others, of which programs must change nothing. */
static void others(void)
{
	static const int levels[] = {SOL_SOCKET,  IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP,
				     IPPROTO_UDP, 0x7fffffff, -1,           0x60000000};
	int sockets[] = {bound(SOCK_DGRAM), listening(0), checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket")};
	unsigned char bytes[5000];

	for (int s = 0; s < 3; s++)
		for (unsigned l = 0; l < sizeof(levels) / sizeof(levels[0]); l++)
			for (int name = 0; name < 80; name++)
				for (int large = 0; large < 2; large++) {
					socklen_t size = large ? sizeof(bytes) : 4;
					int err;
					__u64 sum = 0;

					memset(bytes, 0, sizeof(bytes));
					err = getsockopt(sockets[s], levels[l], name, bytes, &size) ? errno : 0;
					for (unsigned i = 0; !err && i < size && i < sizeof(bytes); i++)
						sum = sum * 31 + bytes[i];
					printf("%d %x %d %d: %d %u %llx %d\n", s, levels[l], name, large, err,
					       err ? 0 : size,
					       is_other_each_time(levels[l], name) ? 0 : (unsigned long long)sum,
					       setsockopt(sockets[s], levels[l], 0x7000 + name, bytes, large ? 5000 : 4)
						       ? errno
						       : 0);
				}
}

static const struct {
	const char *name;
	void (*run)(void);
} scenarios[] = {
	{"next", udp_next},
	{"peek", udp_peek},
	{"connected", udp_connected},
	{"epoll", udp_epoll},
	{"batch", udp_batch},
	{"recvmmsg", udp_recvmmsg},
	{"at", udp_at},
	{"at-threads", udp_at_threads},
	{"next-threads", udp_next_threads},
	{"mark", udp_mark},
	{"udp-gro", udp_merged},
	{"checksum", udp_checksum},
	{"requests", tcp_requests},
	{"merged", tcp_merged},
	{"bytes", tcp_bytes},
	{"bulk", tcp_bulk},
	{"refusals", refusals},
	{"sizes", sizes},
	{"others", others},
};

static void join(const char *cgroup)
{
	char path[512];
	int file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	file = checked(open(path, O_WRONLY), path);
	checked(write(file, "0", 1), "join the cgroup");
	close(file);
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(LONGEST); /* what waits for bytes that never come is a failure, and no test that never ends */
	join(argv[1]);
	sender = checked(open(argv[2], O_RDONLY | O_CLOEXEC), argv[2]);
	home = checked(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "open this namespace");
	is_ipv6 = argv[3][0] == '6';
	if (argc > 5)
		count = atoi(argv[5]);
	udp_sender = make_sender(SOCK_DGRAM);
	tcp_sender = make_sender(SOCK_STREAM);
	checked(setgid(65534) || setuid(65534) ? -1 : 0, "give up privileges");
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		if (!strcmp(scenarios[i].name, argv[4])) {
			scenarios[i].run();
			return 0;
		}
	fprintf(stderr, "socket_reader: no scenario %s\n", argv[4]);
	return 2;
}
