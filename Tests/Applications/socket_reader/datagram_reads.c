// SPDX-License-Identifier: BSD-2-Clause
/* What else a socket for datagrams may have, or who else: errors, a group, a filter, another process. */
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <poll.h>

#include "frames.h"

#ifndef SO_PEEK_OFF
#define SO_PEEK_OFF 42
#endif

/* Sends to a port where nobody listens, so that an error comes back. */
static void provoke_error(int fd)
{
	struct place place = {.size = sizeof(place.v6)};
	char byte = 0;

	/* The other end is where a datagram came from. */
	send_datagram(0, 64);
	poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 1000);
	checked(recvfrom(fd, &byte, 1, 0, &place.any, &place.size), "recvfrom");
	if (is_ipv6)
		place.v6.sin6_port = htons(9);
	else
		place.v4.sin_port = htons(9);
	checked(sendto(fd, &byte, 1, 0, &place.any, place.size), "sendto");
	usleep(10000);
}

/* Errors of ICMP and timestamps of what was sent are in a queue of their own. */
static void udp_errors(void)
{
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number"), errors = 0, refused = 0;
	struct tally tally = {0};
	__u64 value = 0, read = 0;

	set(fd, is_ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, is_ipv6 ? IPV6_RECVERR : IP_RECVERR, 1);
	set(fd, SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
	for (int i = 0; i < 20; i++) {
		char control[512];
		struct msghdr message = {.msg_control = control, .msg_controllen = sizeof(control)};
		int err, size;

		provoke_error(fd);
		send_datagram(2 * i, 64);
		send_datagram(2 * i + 1, 64);
		usleep(2000);
		err = pktmeta_next(fd, number, &value, sizeof(value));
		/* The socket's error is told once, in place of a datagram. */
		size = receive(fd, &read, 0);
		if (size < 0) {
			refused++;
			size = receive(fd, &read, 0);
		}
		take(&tally, err, size > 0 && value == read);
		err = pktmeta_next(fd, number, &value, sizeof(value));
		while (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) {
			errors++;
			message.msg_controllen = sizeof(control);
		}
		take(&tally, err, receive(fd, &read, 0) > 0 && value == read);
	}
	printf("%d of the error queue, %d reads failed; ", errors, refused);
	tell("errors", &tally);
}

/* A group whose sockets get what the kernel chooses for each: by the sender's port. */
static void udp_group(void)
{
	int sockets[4], number;
	struct tally tallies[4] = {0}, all = {0};
	int used = 0;

	for (int i = 0; i < 4; i++)
		sockets[i] = bound(SOCK_DGRAM);
	number = id_of(sockets[0], "number");
	for (int sent = 0; sent < count; sent += AT_ONCE) {
		for (__u64 i = 0; i < AT_ONCE; i++) {
			__u64 bytes[8] = {sent + i};

			send_udp_frame(10000 + (sent + i) * 7, bytes, sizeof(bytes), RIGHT);
		}
		usleep(3000);
		for (int i = 0; i < 4; i++)
			for (;;) {
				__u64 value = 0, read = 0;
				int err = pktmeta_next(sockets[i], number, &value, sizeof(value));

				if (receive(sockets[i], &read, 0) < 0)
					break;
				take(&tallies[i], err, value == read);
			}
	}
	for (int i = 0; i < 4; i++) {
		used += tallies[i].right > 0;
		all.right += tallies[i].right;
		all.wrong += tallies[i].wrong;
	}
	printf("%d sockets; ", used);
	tell("group", &all);
}

/* A filter that lets pass only so much of each datagram: 16 bytes, with UDP's header of 8. */
static void udp_filter(void)
{
	struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 8 + 16)};
	struct sock_fprog program = {.len = 1, .filter = code};
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number");
	struct tally tally = {0};

	checked(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), "SO_ATTACH_FILTER");
	for (int sent = 0; sent < count; sent += AT_ONCE) {
		send_some(sent);
		for (;;) {
			__u64 value = 0, read = 0;
			size_t about = 0;
			int err = __pktmeta_ask_once(fd, PKTMETA_WAY_NEXT, number, 0, &value, sizeof(value), &about);
			int size = receive(fd, &read, 0);

			if (size < 0)
				break;
			take(&tally, err, value == read && size == 16 && about == 16);
		}
	}
	tell("filter", &tally);
}

/* With an offset to look from, MSG_PEEK shows later datagrams; what a read returns is still the first. */
static void udp_peek_offset(void)
{
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number");
	struct tally tally = {0};
	__u64 value = 0, read = 0;

	set(fd, SOL_SOCKET, SO_PEEK_OFF, 64);
	for (int sent = 0; sent < count; sent += AT_ONCE) {
		send_some(sent);
		for (;;) {
			int err;

			receive(fd, &read, MSG_PEEK);
			err = pktmeta_next(fd, number, &value, sizeof(value));
			if (receive(fd, &read, 0) < 0)
				break;
			take(&tally, err, value == read);
		}
	}
	tell("peek offset", &tally);
}

/* What is asked by one descriptor is read by another. */
static void udp_copied(void)
{
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number"), copy = checked(dup(fd), "dup");
	struct tally tally = {0};

	for (int sent = 0; sent < count; sent += AT_ONCE) {
		send_some(sent);
		while (ask_and_read(fd, copy, number, &tally, 0))
			;
	}
	tell("dup", &tally);
}

/* More datagrams wait than areas are kept: the earlier ones are told to have lost theirs. */
static void udp_overflow(void)
{
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number");
	struct tally tally = {0};

	receive_at(fd);
	for (int sent = 0; sent < 200; sent += AT_ONCE)
		send_some(sent);
	while (read_and_ask(fd, number, &tally))
		;
	tell("overflow", &tally);
}

/* A socket that was made elsewhere, in no cgroup that is attached. */
static void udp_given(void)
{
	__u64 value;

	printf("given: %s\n", strerrorname_np(-pktmeta_next(outer_socket, 0x01000001, &value, sizeof(value))));
}

const struct scenario datagram_read_scenarios[] = {
	{"errors", udp_errors}, {"group", udp_group},       {"filter", udp_filter}, {"peek-offset", udp_peek_offset},
	{"dup", udp_copied},    {"overflow", udp_overflow}, {"given", udp_given},   {},
};
