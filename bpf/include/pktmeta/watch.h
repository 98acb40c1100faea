/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Between the prebuilt watcher and the loader that carries it: no part of the ABI, and alike only within one version.
 */
#ifndef PKTMETA_WATCH_H
#define PKTMETA_WATCH_H

#include "events.h"

#define PKTMETA_WATCH_SETTINGS_VARIABLE "pktmeta_watch"

#define PKTMETA_WATCH_VALUES_MAX 512 /* bytes: of 31 values in 248 bytes, each from a multiple of 8 on */

/* In frozen .rodata, so that the verifier removes what was not asked for. */
struct pktmeta_watch_settings {
	__u32 table;      /* number of the load; goes into its events */
	__u32 sample;     /* an event for one matching packet in that many of each CPU; 0: for each */
	__u32 event_size; /* bytes without addresses, a multiple of 8 */
	__u32 words; /* one bit for each word of 64 bits of the area that has bytes of a value: in the event in turn */
	__u32 wake_after; /* events of a CPU since the reader was woken last; at least 1 */
	__u32 pad;
	struct pktmeta_filter filter;
	__u16 offsets[PKTMETA_FIELDS_MAX + 1]; /* of each step's value, bytes from the event's first */
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

/* One CPU's: values that were got by id. */
struct pktmeta_watch_values {
	__u32 carried; /* as in the event */
	__u32 pad;
	__u64 words[PKTMETA_WATCH_VALUES_MAX / 8];
	__u64 end[PKTMETA_VALUE_MAX / 8]; /* the verifier takes the last value for one of any size */
};

_Static_assert(sizeof(struct pktmeta_event) == 32, "values begin on 8 bytes");
_Static_assert(sizeof(struct pktmeta_watch_settings) == 24 + sizeof(struct pktmeta_filter) + 64, "padding is explicit");

#endif /* PKTMETA_WATCH_H */
