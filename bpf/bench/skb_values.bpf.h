/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What programs without an area, which begin where packets have an sk_buff, keep for each:
 *
 *	live_set  at TC: stores 3 fields
 *	live_get  at TC, behind it: gets them, counts the packet, and drops it or hands it on
 */
#ifndef BENCH_SKB_VALUES_BPF_H
#define BENCH_SKB_VALUES_BPF_H

#include <stddef.h>

#include "bench_fields.bpf.h"
#include "counts.bpf.h"

/* The fields of the others, the largest first: nothing is faster than a hard-coded struct. */
struct skb_values {
	__u64 f2;
	__u32 f1;
	__u16 f3;
};

#define SKB_STORED(k, type) values->f##k = BENCH_VALUE(k, type);
#define SKB_DIFFERS(k, type) || values->f##k != BENCH_VALUE(k, type)

static __always_inline void skb_values_set(struct skb_values *values)
{
	BENCH_FIELDS_3(SKB_STORED)
}

/* Counts a packet, with the values that were found for it, or NULL. */
static __always_inline int skb_values_count(const struct skb_values *values)
{
	bench_count(BENCH_SEEN);
	if (!values BENCH_FIELDS_3(SKB_DIFFERS))
		return bench_verdict;
	bench_count(BENCH_RIGHT);
	return bench_verdict;
}

#endif /* BENCH_SKB_VALUES_BPF_H */
