// SPDX-License-Identifier: BSD-2-Clause
/*
 * Datagrams whose checksum nothing has looked at before they are read, among them such that are wrong: the kernel finds
 * out as it reads, and passes over them. And datagrams of each length, in fragments, and of UDP-Lite.
 */
#include "frames.h"

/* Longer than what the kernel checks at once as it comes. */
#define LONG 200

/* Those that are passed over begin with this number. */

/* Some of each kind in all orders: how many are good. */
static int send_mixed(__u64 first)
{
	/* A zero is no checksum, in which IPv6 has no faith. */
	static const enum checksum orders[] = {RIGHT, WRONG, RIGHT, RIGHT, WRONG, WRONG,
					       NONE,  WRONG, NONE,  RIGHT, WRONG};
	__u64 bytes[LONG / 8] = {0};
	int good = 0;

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		enum checksum checksum = orders[i] == NONE && is_ipv6 ? RIGHT : orders[i];

		bytes[0] = checksum == WRONG ? BAD : first + good++;
		send_udp_frame(3000, bytes, sizeof(bytes), checksum);
	}
	usleep(2000);
	return good;
}

static void read_mixed(const char *what, int is_peeking)
{
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number");
	struct tally tally = {0};
	__u64 read;

	for (int sent = 0; sent < count;) {
		sent += send_mixed(sent);
		while (ask_and_read(fd, fd, number, &tally, is_peeking ? MSG_PEEK : 0))
			if (is_peeking)
				checked(receive(fd, &read, 0), "recv");
	}
	tell(what, &tally);
}

static void udp_checksum(void)
{
	read_mixed("checksum", 0);
}

static void udp_checksum_peek(void)
{
	read_mixed("checksum, peek", 1);
}

/* Without the library, which has the kernel look: what is not known to be right is refused. */
static void udp_unchecked(void)
{
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number");
	struct tally tally = {0};
	__u64 value = 0, read = 0;

	send_mixed(0);
	for (;;) {
		int err = __pktmeta_ask_once(fd, PKTMETA_WAY_NEXT, number, 0, &value, sizeof(value), NULL);

		if (receive(fd, &read, 0) < 0)
			break;
		take(&tally, err, value == read);
	}
	tell("unchecked", &tally);
}

static void udp_checksum_batch(void)
{
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number"), got;
	struct tally tally = {0};
	__u64 values[32], read;
	int errors[32];

	for (int sent = 0; sent < count;) {
		sent += send_mixed(sent);
		/* Of the kernel's, which are known to be right. */
		send_datagram(sent++, LONG);
		send_datagram(sent++, LONG);
		while ((got = pktmeta_next_batch(fd, number, values, sizeof(*values), errors, 32)) > 0)
			for (int i = 0; i < got; i++) {
				checked(receive(fd, &read, 0), "recv");
				take(&tally, errors[i], values[i] == read && read != BAD);
			}
		if (got != -EAGAIN)
			take(&tally, got, 0);
	}
	tell("checksum, batch", &tally);
}

static void udp_checksum_at(void)
{
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number");
	struct tally tally = {0};

	receive_at(fd);
	for (int sent = 0; sent < count;) {
		sent += send_mixed(sent);
		while (read_and_ask(fd, number, &tally))
			;
	}
	tell("checksum, at", &tally);
}

/* Datagrams of each length, also of none, which are read in part: for how many bytes the answer says it is. */
static void udp_lengths(void)
{
	static const int lengths[] = {0, 1, 7, 8, 9, 63, 76, 77, 500, 1472, 1473, 4000, 65000};
	int fd = bound(SOCK_DGRAM), tenant = id_of(fd, "tenant");
	struct place place = receiver_at(PORT);
	static char bytes[65536];
	struct tally tally = {0};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		__u32 value = 0;
		size_t about = 12345;
		int err, size;

		checked(sendto(udp_sender, bytes, lengths[i], 0, &place.any, place.size), "sendto");
		usleep(2000);
		__pktmeta_check_next(fd);
		err = __pktmeta_ask_once(fd, PKTMETA_WAY_NEXT, tenant, 0, &value, sizeof(value), &about);
		size = checked(recv(fd, bytes, 5, MSG_DONTWAIT | MSG_TRUNC), "recv");
		take(&tally, err, value == 7 && (int)about == lengths[i] && size == lengths[i]);
	}
	tell("lengths", &tally);
}

/* Datagrams that came in fragments have what the first one of these brought, which is not the first that came. */
static void udp_fragments(void)
{
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number");
	struct tally tally = {0};
	__u64 bytes[128] = {0}, value = 0, read = 0;

	for (int i = 0; i < 20; i++) {
		int err;

		for (int k = 0; k < 128; k++)
			bytes[k] = (__u64)i << 32 | k;
		send_fragments(3000 + i, bytes, sizeof(bytes));
		usleep(2000);
		err = pktmeta_next(fd, number, &value, sizeof(value));
		checked(receive(fd, &read, 0), "recv");
		take(&tally, err, value == read && value == (__u64)i << 32);
	}
	tell("fragments", &tally);
}

const struct scenario checksum_scenarios[] = {
	{"checksum", udp_checksum},       {"checksum-peek", udp_checksum_peek},
	{"unchecked", udp_unchecked},     {"checksum-batch", udp_checksum_batch},
	{"checksum-at", udp_checksum_at}, {"lengths", udp_lengths},
	{"fragments", udp_fragments},     {},
};
