/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Between the prebuilt programs that answer sockets and the loader that carries them: no part of the ABI, but what lies
 * in maps that are pinned in a registry.
 */
#ifndef PKTMETA_SOCKETS_H
#define PKTMETA_SOCKETS_H

#include "socket.h"

#define PKTMETA_SOCKETS_VARIABLE "pktmeta_sockets"

/* Maps of a registry that has been attached for sockets. */
#define PKTMETA_ASKED_MAP "pktmeta_asked"     /* a struct pktmeta_asked */
#define PKTMETA_OPTIONS_MAP "pktmeta_options" /* by socket, a struct pktmeta_socket_options */
#define PKTMETA_RINGS_MAP "pktmeta_rings"     /* by socket, struct pktmeta_kept: of PKTMETA_WAY_AT */
#define PKTMETA_RUNS_MAP "pktmeta_runs"       /* the same of PKTMETA_WAY_BYTES */

/* Ways, as bits: those of PKTMETA_WAY_*, and one for more than one answer. */
#define PKTMETA_WAY_BIT(way) (1U << (way))
#define PKTMETA_WAY_BATCH PKTMETA_WAYS

/* In frozen .rodata. */
struct pktmeta_sockets {
	__u32 ways;  /* as bits */
	__u32 slots; /* that areas are kept in, of each socket: a power of 2 */
	/* Of the kernel's functions, the addresses: what reads from a plain socket. */
	__u64 tcp_recvmsg;
	__u64 udp_recvmsg;
	__u64 udpv6_recvmsg; /* 0: there is none */
};

/* What a socket has asked for, of the packets that come. */
struct pktmeta_socket_options {
	__u32 ways; /* as bits */
	__u32 mark; /* of PKTMETA_WAY_MARK, the field's id */
};

/*
 * Areas of packets that came to a socket: 8 bytes that tell which, and the area. Kernels from 6.19 on have no more room
 * a socket and map than 8 KiB.
 */
#define PKTMETA_KEPT_SIZE 7168
#define PKTMETA_KEPT_SLOTS_MAX 128

/* How many are kept, of this capacity: a power of 2. */
static inline __u32 pktmeta_kept_slots(__u32 capacity)
{
	__u32 slots = PKTMETA_KEPT_SLOTS_MAX;

	while (slots * (8 + capacity) > PKTMETA_KEPT_SIZE)
		slots /= 2;
	return slots;
}

/* Outcomes of questions that are counted. */
enum pktmeta_asked_outcome {
	PKTMETA_ASKED_ANSWERED = 0,
	PKTMETA_ASKED_ENOENT = 1,
	PKTMETA_ASKED_EACCES = 2,
	PKTMETA_ASKED_EINVAL = 3,
	PKTMETA_ASKED_EAGAIN = 4,
	PKTMETA_ASKED_EBADMSG = 5,
	PKTMETA_ASKED_ENODATA = 6,
	PKTMETA_ASKED_ESTALE = 7,
	PKTMETA_ASKED_EFAULT = 8,
	PKTMETA_ASKED_EPROTONOSUPPORT = 9,
	PKTMETA_ASKED_OTHER = 10,
	PKTMETA_ASKED_OUTCOMES = 11,
};

/* On one CPU. */
struct pktmeta_asked {
	__u64 counts[PKTMETA_WAYS][PKTMETA_ASKED_OUTCOMES];
};

_Static_assert(sizeof(struct pktmeta_sockets) == 32, "padding is explicit");

#endif /* PKTMETA_SOCKETS_H */
