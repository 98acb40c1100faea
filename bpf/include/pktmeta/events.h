/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the prebuilt programs that tell of packets share with the loader that carries them: which packets are asked for,
 * whose they are, and what becomes of the events. No part of the ABI, and alike only within one version.
 */
#ifndef PKTMETA_EVENTS_H
#define PKTMETA_EVENTS_H

#include "abi.h"

#define PKTMETA_EVENTS_MAP "pktmeta_events"
#define PKTMETA_COUNTS_MAP "pktmeta_seen"

#define PKTMETA_CONDITIONS_MAX 8

/*
 * The reader is woken for the first event in so many ns of each CPU and for a buffer that fills, not for each that it
 * finds as it comes: a wake-up costs more than the event. So it looks itself this long after it has found events last.
 */
#define PKTMETA_WAKE_INTERVAL 10000000

/* Numbers compare as numbers; other values have only the first three. */
enum pktmeta_comparison {
	PKTMETA_COMPARE_NONE = 0, /* no more conditions */
	PKTMETA_COMPARE_SET = 1,  /* the packet carries the field */
	PKTMETA_COMPARE_EQUAL = 2,
	PKTMETA_COMPARE_NOT_EQUAL = 3, /* and carries it */
	PKTMETA_COMPARE_LESS = 4,
	PKTMETA_COMPARE_AT_MOST = 5,
	PKTMETA_COMPARE_MORE = 6,
	PKTMETA_COMPARE_AT_LEAST = 7,
};

struct pktmeta_condition {
	__u32 id; /* of a field; 0 of one that is not registered: no packet carries it */
	__u8 comparison;
	__u8 type;
	__u8 size;
	__u8 pad;
	__u64 number;                       /* of integer types */
	__u64 value[PKTMETA_VALUE_MAX / 8]; /* as it lies in the packet, zeros behind it */
};

/* An address and which of its bits count; IPv4 has the first word. In network byte order. */
struct pktmeta_prefix {
	__u32 address[4];
	__u32 mask[4];
};

/* All of it has to hold. */
struct pktmeta_filter {
	__u8 all;      /* not 0: also packets that carry none of the fields */
	__u8 family;   /* 4 or 6: only those; 0: any */
	__u8 protocol; /* of IP, if has_protocol */
	__u8 has_protocol;
	__u16 source_port; /* host byte order; 0: any */
	__u16 destination_port;
	__u8 has_source;
	__u8 has_destination;
	__u8 pad[6];
	struct pktmeta_prefix source;
	struct pktmeta_prefix destination;
	struct pktmeta_condition conditions[PKTMETA_CONDITIONS_MAX];
};

/* Whose packet it is. */
struct pktmeta_flow {
	__u16 source_port; /* host byte order; 0 unless TCP, UDP or SCTP, and not in later fragments */
	__u16 destination_port;
	__u8 family; /* 4, 6; 0: neither IPv4 nor IPv6 */
	__u8 protocol;
	__u16 ethertype; /* host byte order, behind VLAN tags */
};

/* One CPU's. seen = not matching + matched; matched = left out by the sample + written + dropped. */
struct pktmeta_event_counts {
	__u64 seen;
	__u64 matched;
	__u64 written;
	__u64 dropped; /* the ring buffer was full */
	__u64 woken;   /* when the reader was woken last: CLOCK_MONOTONIC, ns */
	__u64 unwoken; /* events since then */
};

_Static_assert(sizeof(struct pktmeta_condition) == 80, "padding is explicit");
_Static_assert(sizeof(struct pktmeta_flow) == 8, "padding is explicit");
_Static_assert(sizeof(struct pktmeta_filter) == 16 + 64 + 8 * 80, "padding is explicit");

#endif /* PKTMETA_EVENTS_H */
