// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What live_set and live_get of the others cost without an encoding. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "counts.bpf.h"

SEC("xdp.frags")
int live_set(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("tc")
int live_get(struct __sk_buff *skb)
{
	bench_count(BENCH_SEEN);
	return bench_verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
