// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Ends each packet's way. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int dropping_tc(struct __sk_buff *skb)
{
	return TC_ACT_SHOT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
