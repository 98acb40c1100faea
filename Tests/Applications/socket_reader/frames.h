/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that no kernel has made, from the sender's interface: what a kernel would not send, or not in that order. */
#ifndef SOCKET_READER_FRAMES_H
#define SOCKET_READER_FRAMES_H

#include "reader.h"

/* While there is the privilege to. */
void open_frames(void);

enum checksum { RIGHT, WRONG, NONE };

/* A datagram to PORT from a port of the sender's address. */
void send_udp_frame(__u16 from, const void *payload, size_t size, enum checksum checksum);

/* One in two fragments of IPv4, the later one first. */
void send_fragments(__u16 from, const void *payload, size_t size);

/*
 * The other end of a connection to PORT, which sends what it is told to. It has an address of its own, which the
 * sender's kernel does not know, so that nobody else answers for it.
 */
struct peer {
	__u16 port;
	__u32 first;        /* the sequence number of the stream's first byte */
	__u32 acknowledged; /* of what it has received */
};

#define FIN 0x01
#define SYN 0x02
#define PSH 0x08
#define ACK 0x10
#define URG 0x20

/*
 * Bytes of the stream, from one to the one before another, as a segment. All of them are one letter, which is in the
 * window too: so a field of the header tells which segment a byte came with.
 */
struct segment {
	int from, to;
	char letter;
	__u8 flags; /* besides ACK */
	enum checksum checksum;
	__u16 urgent; /* bytes up to and with the urgent one */
};

void send_segment(const struct peer *peer, struct segment segment);

/*
 * Connects to a socket that listens: the accepted one.
 *
 * with: what the packet brings along that ends the handshake; all 0 for nothing.
 */
int connect_peer(struct peer *peer, int listening, __u16 port, __u32 first, struct segment with);

/* The letter in a value of the field "number": of the 8 bytes in the middle of TCP's header the last one. */
static inline char letter_of(__u64 value)
{
	return ((const char *)&value)[7];
}

#endif /* SOCKET_READER_FRAMES_H */
