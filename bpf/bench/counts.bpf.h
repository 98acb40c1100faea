/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What live_get counts, and what then becomes of the packet. */
#ifndef BENCH_COUNTS_BPF_H
#define BENCH_COUNTS_BPF_H

#define BENCH_DROP 2    /* TC_ACT_SHOT */
#define BENCH_NEXT (-1) /* TCX_NEXT: to later programs, and to the stack */

/* Filled in by a loader that wants packets to arrive. */
const volatile __s32 bench_verdict = BENCH_DROP;

enum {
	BENCH_SEEN,  /* packets that live_get saw */
	BENCH_RIGHT, /* those where all gets succeeded and the values were right */
	/* In skb_map only. */
	BENCH_OVERTAKEN, /* packets at whose address an earlier packet's values still were */
	BENCH_REFUSED,   /* packets for which the map had no room */
	BENCH_COUNTS,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BENCH_COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} bench_counts SEC(".maps");

static __always_inline void bench_count(__u32 slot)
{
	__u64 *count = bpf_map_lookup_elem(&bench_counts, &slot);

	if (count)
		(*count)++;
}

#endif /* BENCH_COUNTS_BPF_H */
