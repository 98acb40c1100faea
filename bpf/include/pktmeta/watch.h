/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Between the prebuilt watcher and the loader that carries it: no part of the ABI, and alike only within one version.
 */
#ifndef PKTMETA_WATCH_H
#define PKTMETA_WATCH_H

#include "abi.h"

#define PKTMETA_WATCH_SETTINGS_VARIABLE "pktmeta_watch"
#define PKTMETA_WATCH_EVENTS_MAP "pktmeta_events"
#define PKTMETA_WATCH_COUNTS_MAP "pktmeta_seen"

#define PKTMETA_WATCH_CONDITIONS 8
#define PKTMETA_WATCH_VALUES_MAX 512 /* bytes: of 31 values in 248 bytes, each from a multiple of 8 on */

/*
 * The reader is woken for the first event in so many ns of each CPU and for a buffer that fills, not for each that it
 * finds as it comes: a wake-up costs more than the event. So it looks itself this long after it has found events last.
 */
#define PKTMETA_WATCH_WAKE_INTERVAL 10000000

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

/* In frozen .rodata, so that the verifier removes what was not asked for. All conditions have to hold. */
struct pktmeta_watch_settings {
	__u32 table;      /* number of the load; goes into its events */
	__u32 sample;     /* an event for one matching packet in that many of each CPU; 0: for each */
	__u32 event_size; /* bytes without addresses, a multiple of 8 */
	__u32 words; /* one bit for each word of 64 bits of the area that has bytes of a value: in the event in turn */
	__u32 wake_after; /* events of a CPU since the reader was woken last; at least 1 */
	__u8 all;         /* not 0: also packets that carry none of the fields */
	__u8 family;      /* 4 or 6: only those; 0: any */
	__u8 protocol;    /* of IP, if has_protocol */
	__u8 has_protocol;
	__u16 source_port; /* host byte order; 0: any */
	__u16 destination_port;
	__u8 has_source;
	__u8 has_destination;
	__u8 pad[2];
	struct pktmeta_prefix source;
	struct pktmeta_prefix destination;
	struct pktmeta_condition conditions[PKTMETA_WATCH_CONDITIONS];
	__u16 offsets[PKTMETA_FIELDS_MAX + 1]; /* of each step's value, bytes from the event's first */
};

/* Whose packet it is. */
struct pktmeta_flow {
	__u16 source_port; /* host byte order; 0 unless TCP, UDP or SCTP, and not in later fragments */
	__u16 destination_port;
	__u8 family; /* 4, 6; 0: neither IPv4 nor IPv6 */
	__u8 protocol;
	__u16 ethertype; /* host byte order, behind VLAN tags */
};

/*
 * A record of the ring buffer begins so. The values follow: the packet's area as it is, less the words that have no
 * value to be shown; of a packet whose area has another layout, its values, put where they would lie in that. Source
 * and destination address come last, of 16 bytes each in IPv6, else of 4, in network byte order.
 */
struct pktmeta_event {
	__u64 time; /* CLOCK_MONOTONIC, ns */
	__u32 table;
	__u32 ifindex;
	__u32 length;  /* bytes, from the link-layer header on */
	__u32 carried; /* one bit a slot: the value of its field is there */
	struct pktmeta_flow flow;
};

/* One CPU's. seen = not matching + matched; matched = left out by the sample + written + dropped. */
struct pktmeta_watch_counts {
	__u64 seen;
	__u64 matched;
	__u64 written;
	__u64 dropped; /* the ring buffer was full */
	__u64 woken;   /* when the reader was woken last: CLOCK_MONOTONIC, ns */
	__u64 unwoken; /* events since then */
};

/* One CPU's: values that were got by id. */
struct pktmeta_watch_values {
	__u32 carried; /* as in the event */
	__u32 pad;
	__u64 words[PKTMETA_WATCH_VALUES_MAX / 8];
	__u64 end[PKTMETA_VALUE_MAX / 8]; /* the verifier takes the last value for one of any size */
};

_Static_assert(sizeof(struct pktmeta_condition) == 80, "padding is explicit");
_Static_assert(sizeof(struct pktmeta_flow) == 8, "padding is explicit");
_Static_assert(sizeof(struct pktmeta_event) == 32, "values begin on 8 bytes");
_Static_assert(sizeof(struct pktmeta_watch_settings) == 32 + 64 + 8 * 80 + 64, "padding is explicit");

#endif /* PKTMETA_WATCH_H */
