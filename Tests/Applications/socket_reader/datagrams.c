// SPDX-License-Identifier: BSD-2-Clause
/* One reader of datagrams, one by one and several at once. */
#include <sys/epoll.h>

#include "reader.h"

static void read_one_by_one(const char *what, int fd, int is_peeking)
{
	int number = id_of(fd, "number");
	struct tally tally = {0};

	for (int sent = 0; sent < count; sent += AT_ONCE) {
		send_some(sent);
		while ((!is_peeking || ask_and_read(fd, fd, number, &tally, MSG_PEEK)) &&
		       ask_and_read(fd, fd, number, &tally, 0))
			;
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

/* As the kernel polls the interface itself while it waits. */
static void udp_busy_poll(void)
{
	int fd = bound(SOCK_DGRAM);

	set(fd, SOL_SOCKET, SO_BUSY_POLL, 50);
	read_one_by_one("busy poll", fd, 0);
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

	checked(epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
	for (int sent = 0; sent < count; sent += AT_ONCE) {
		send_some(sent);
		while (epoll_wait(queue, &event, 1, 50) > 0)
			while (ask_and_read(fd, fd, number, &tally, 0))
				;
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

const struct scenario datagram_scenarios[] = {
	{"next", udp_next},
	{"peek", udp_peek},
	{"connected", udp_connected},
	{"busy-poll", udp_busy_poll, .is_privileged = 1},
	{"epoll", udp_epoll},
	{"batch", udp_batch},
	{"recvmmsg", udp_recvmmsg},
	{"udp-gro", udp_merged},
	{},
};
