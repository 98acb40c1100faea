// SPDX-License-Identifier: BSD-2-Clause
/* Ethernet, IP, UDP and TCP by hand. */
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>

#include "frames.h"

#define INTERFACE "near0"
#define OWN 1  /* the last byte of the sender's address */
#define PEER 9 /* of the peer's */
#define RECEIVER 2
#define FRAME_MAX 1514

static int frames;

void open_frames(void)
{
	struct sockaddr_ll place = {.sll_family = AF_PACKET};

	place.sll_protocol = htons(is_ipv6 ? ETH_P_IPV6 : ETH_P_IP);
	checked(setns(sender, CLONE_NEWNET), "enter the sender's namespace");
	frames = checked(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), "packet socket");
	place.sll_ifindex = if_nametoindex(INTERFACE);
	checked(bind(frames, (struct sockaddr *)&place, sizeof(place)), "bind to " INTERFACE);
	checked(setns(home, CLONE_NEWNET), "go back");
}

/* Writing. */

struct frame {
	unsigned char bytes[FRAME_MAX];
	size_t size;
};

static void put(struct frame *frame, const void *bytes, size_t size)
{
	if (frame->size + size > sizeof(frame->bytes)) {
		fprintf(stderr, "socket_reader: a frame that is too long\n");
		exit(1);
	}
	memcpy(frame->bytes + frame->size, bytes, size);
	frame->size += size;
}

static void put_number(struct frame *frame, __u32 number, int bytes)
{
	__u32 swapped = htonl(number);

	put(frame, (const char *)&swapped + 4 - bytes, bytes);
}

static void put_address(struct frame *frame, int host)
{
	static const unsigned char v6[15] = {0xfd}, v4[3] = {192, 0, 2};

	put(frame, is_ipv6 ? v6 : v4, is_ipv6 ? sizeof(v6) : sizeof(v4));
	put_number(frame, host, 1);
}

/* The complement's sum of words, on top of another. */
static __u32 sum_of(const unsigned char *bytes, size_t size, __u32 sum)
{
	for (size_t i = 0; i < size; i++)
		sum += i % 2 ? bytes[i] : bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put_checksum(unsigned char *at, __u32 sum)
{
	at[0] = (unsigned char)(~sum >> 8);
	at[1] = (unsigned char)~sum;
}

/* Ethernet and IP; fragment: as in the header of IPv4. */
static void begin(struct frame *frame, int from, int protocol, size_t payload, __u16 fragment)
{
	static const unsigned char ends[12] = {2, 0, 0, 0, 0, RECEIVER, 2, 0, 0, 0, 0, 1};
	size_t header;

	frame->size = 0;
	put(frame, ends, sizeof(ends));
	put_number(frame, is_ipv6 ? ETH_P_IPV6 : ETH_P_IP, 2);
	header = frame->size;
	if (is_ipv6) {
		put_number(frame, 0x60000000, 4);
		put_number(frame, payload, 2);
		put_number(frame, protocol, 1);
		put_number(frame, 64, 1);
	} else {
		put_number(frame, 0x4500, 2);
		put_number(frame, 20 + payload, 2);
		put_number(frame, fragment ? 0x1234 : 0, 2);
		put_number(frame, fragment, 2);
		put_number(frame, 64 << 8 | protocol, 2);
		put_number(frame, 0, 2);
	}
	put_address(frame, from);
	put_address(frame, RECEIVER);
	if (!is_ipv6)
		put_checksum(frame->bytes + header + 10, sum_of(frame->bytes + header, 20, 0));
}

static void finish(const struct frame *frame)
{
	checked(send(frames, frame->bytes, frame->size, 0), "send a frame");
}

/* Fills the checksum in, of what begins at an offset. */
static void sum_up(struct frame *frame, size_t transport, int protocol, size_t field, enum checksum checksum)
{
	size_t addresses = is_ipv6 ? 32 : 8, size = frame->size - transport;
	__u32 sum = sum_of(frame->bytes + transport - addresses, addresses, (__u32)(protocol + size));
	unsigned char *at = frame->bytes + transport + field;

	if (checksum == NONE)
		return;
	put_checksum(at, sum_of(frame->bytes + transport, size, sum));
	if (checksum == WRONG)
		at[0] ^= 0x55;
}

/* UDP. */

static void put_udp(struct frame *frame, __u16 from, const void *payload, size_t size)
{
	put_number(frame, from, 2);
	put_number(frame, PORT, 2);
	put_number(frame, 8 + size, 2);
	put_number(frame, 0, 2);
	put(frame, payload, size);
}

void send_udp_frame(__u16 from, const void *payload, size_t size, enum checksum checksum)
{
	struct frame frame;
	size_t transport;

	begin(&frame, OWN, IPPROTO_UDP, 8 + size, 0);
	transport = frame.size;
	put_udp(&frame, from, payload, size);
	sum_up(&frame, transport, IPPROTO_UDP, 6, checksum);
	finish(&frame);
}

void send_fragments(__u16 from, const void *payload, size_t size)
{
	const size_t first = 512; /* bytes of the earlier one, with UDP's header */
	struct frame whole = {.size = 0}, frame;

	/* Without a checksum, which the kernel then does not ask for. */
	put_udp(&whole, from, payload, size);
	begin(&frame, OWN, IPPROTO_UDP, whole.size - first, first / 8);
	put(&frame, whole.bytes + first, whole.size - first);
	finish(&frame);
	begin(&frame, OWN, IPPROTO_UDP, first, 0x2000 /* more follow */);
	put(&frame, whole.bytes, first);
	finish(&frame);
}

/* TCP. */

static void put_segment(const struct peer *peer, __u32 sequence, __u8 flags, const struct segment *segment)
{
	char payload[FRAME_MAX];
	size_t size = segment->to - segment->from, transport;
	struct frame frame;

	begin(&frame, PEER, IPPROTO_TCP, 20 + size, 0);
	transport = frame.size;
	put_number(&frame, peer->port, 2);
	put_number(&frame, PORT, 2);
	put_number(&frame, sequence, 4);
	put_number(&frame, peer->acknowledged, 4);
	put_number(&frame, 0x5000 | flags, 2);
	put_number(&frame, 0x4000 | segment->letter, 2);
	put_number(&frame, 0, 2);
	put_number(&frame, segment->urgent, 2);
	memset(payload, segment->letter, sizeof(payload));
	put(&frame, payload, size);
	sum_up(&frame, transport, IPPROTO_TCP, 16, segment->checksum);
	finish(&frame);
}

void send_segment(const struct peer *peer, struct segment segment)
{
	put_segment(peer, peer->first + segment.from, ACK | segment.flags, &segment);
}

/* What the receiver answers to SYN with: the number that its next byte has. */
static __u32 wait_for_answer(const struct peer *peer)
{
	unsigned char bytes[FRAME_MAX];
	const unsigned char *tcp = bytes + (is_ipv6 ? 54 : 34);
	struct timeval patience = {.tv_sec = 10};

	checked(setsockopt(frames, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), "SO_RCVTIMEO");
	for (;;) {
		checked(recv(frames, bytes, sizeof(bytes), 0), "wait for SYN and ACK");
		if (bytes[is_ipv6 ? 20 : 23] == IPPROTO_TCP && (tcp[2] << 8 | tcp[3]) == peer->port &&
		    tcp[13] == (SYN | ACK))
			return ((__u32)tcp[4] << 24 | tcp[5] << 16 | tcp[6] << 8 | tcp[7]) + 1;
	}
}

int connect_peer(struct peer *peer, int listening, __u16 port, __u32 first, struct segment with)
{
	const struct segment nothing = {.letter = 0};
	const struct linger at_once = {.l_onoff = 1};
	int fd;

	*peer = (struct peer){.port = port, .first = first};
	while (recv(frames, (char[1]){0}, 1, MSG_DONTWAIT) >= 0)
		; /* of earlier ones */
	put_segment(peer, first - 1, SYN, &nothing);
	peer->acknowledged = wait_for_answer(peer);
	send_segment(peer, with);
	fd = checked(accept(listening, NULL, NULL), "accept");
	/* The connection ends with its socket: nobody would answer FIN. */
	checked(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), "SO_LINGER");
	return fd;
}
