/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What live_get counts. */
#ifndef BENCH_COUNTS_BPF_H
#define BENCH_COUNTS_BPF_H

#define BENCH_DROP 2 /* TC_ACT_SHOT */

/* Slot 0: packets that live_get saw; 1: those where all gets succeeded and the values were right. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
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
