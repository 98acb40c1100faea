// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Lets all packets on, and names no field. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

SEC("netfilter")
int accept(void *ctx)
{
	return 1;
}

SEC("cgroup/skb")
int accept_at_cgroup(struct __sk_buff *skb)
{
	return 1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
