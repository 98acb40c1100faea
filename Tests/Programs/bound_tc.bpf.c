// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#include "bound.bpf.h"

SEC("tc")
int bound(struct __sk_buff *skb)
{
	RUN_BOUND_SCRIPT(skb);
	return -1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
