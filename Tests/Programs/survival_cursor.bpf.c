// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* TC programs that use a cursor behind a helper, opened before it: one helper a program, for get and for set. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#include "survival.bpf.h"
#include "survival_changed.bpf.h"

#define PROGRAMS(helper, call) \
	SEC("tc") \
	int get_after_##helper(struct __sk_buff *skb) \
	{ \
		struct pktmeta_cursor c; \
		__u64 value = 0; \
\
		pktmeta_open(&c, skb); \
		if (call) \
			return -1; \
		return done(pktmeta_get(&c, survivor_id, &value, sizeof(value))); \
	} \
	SEC("tc") \
	int set_after_##helper(struct __sk_buff *skb) \
	{ \
		struct pktmeta_cursor c; \
		__u64 value = SURVIVOR; \
		__u8 marker = 0; \
\
		pktmeta_open(&c, skb); \
		if (bpf_skb_load_bytes(skb, marker_offset(skb->len), &marker, 1) || (call)) \
			return -1; \
		value |= marker; \
		return done(pktmeta_set(&c, survivor_id, &value, sizeof(value))); \
	}

PROGRAMS(change_head, bpf_skb_change_head(skb, 16, 0))
PROGRAMS(adjust_room, bpf_skb_adjust_room(skb, 16, BPF_ADJ_ROOM_MAC, 0))
PROGRAMS(change_proto, bpf_skb_change_proto(skb, bpf_htons(ETH_P_IPV6), 0))
PROGRAMS(vlan_push,
	 bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 5) || bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 6))
PROGRAMS(change_tail, bpf_skb_change_tail(skb, skb->len, 0))
PROGRAMS(pull_data, bpf_skb_pull_data(skb, skb->len))

char _license[] SEC("license") = "Dual BSD/GPL";
