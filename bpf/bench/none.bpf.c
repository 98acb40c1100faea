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

/* Sends the packet back to where it came from, with what lies in front of it. */
SEC("tc")
int send_back(struct __sk_buff *skb)
{
	bench_count(BENCH_SEEN);
	return bpf_redirect(skb->ifindex, 0);
}

/* At a tracepoint: what any program there costs. */
SEC("raw_tracepoint")
int at_station(void *ctx)
{
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
