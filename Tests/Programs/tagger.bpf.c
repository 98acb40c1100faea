// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Gives each packet a VLAN tag of priority 3 and id 5, beside the packet, as a NIC that took it off does. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int push_tag(struct __sk_buff *skb)
{
	bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 3 << 13 | 5);
	return 0; /* TC_ACT_OK */
}

char _license[] SEC("license") = "Dual BSD/GPL";
