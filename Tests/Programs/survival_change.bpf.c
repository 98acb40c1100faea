// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What other TC programs do to packets before the reader: one helper a program. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#include "survival.bpf.h"
#include "survival_changed.bpf.h"

#define UDP_SOURCE 34 /* bytes from the link-layer header on */

const volatile __s32 amount = 0; /* bytes, or how often */
const volatile __u32 target = 0; /* ifindex */

SEC("tc")
int change_head(struct __sk_buff *skb)
{
	return done(bpf_skb_change_head(skb, amount, 0));
}

/* 1 for every third packet, 0 for the others, negative for one that cannot be told. */
static __always_inline int third(struct __sk_buff *skb)
{
	__u8 marker = 0;

	return bpf_skb_load_bytes(skb, marker_offset(skb->len), &marker, 1) ? -EFAULT : is_third(marker);
}

SEC("tc")
int change_head_of_thirds(struct __sk_buff *skb)
{
	return third(skb) == 1 ? done(bpf_skb_change_head(skb, amount, 0)) : -1;
}

SEC("tc")
int change_head_of_others(struct __sk_buff *skb)
{
	return third(skb) == 0 ? done(bpf_skb_change_head(skb, amount, 0)) : -1;
}

SEC("tc")
int adjust_room_of_others(struct __sk_buff *skb)
{
	return third(skb) == 0 ? done(bpf_skb_adjust_room(skb, amount, BPF_ADJ_ROOM_MAC, 0)) : -1;
}

SEC("tc")
int change_tail(struct __sk_buff *skb)
{
	return done(bpf_skb_change_tail(skb, skb->len + amount, 0));
}

SEC("tc")
int adjust_room_mac(struct __sk_buff *skb)
{
	return done(bpf_skb_adjust_room(skb, amount, BPF_ADJ_ROOM_MAC, 0));
}

SEC("tc")
int adjust_room_net(struct __sk_buff *skb)
{
	return done(bpf_skb_adjust_room(skb, amount, BPF_ADJ_ROOM_NET, 0));
}

/* Makes room and takes it away again, as if a header had been put in front and taken off. */
SEC("tc")
int adjust_room_and_back(struct __sk_buff *skb)
{
	int err = bpf_skb_adjust_room(skb, amount, BPF_ADJ_ROOM_MAC, 0);

	return done(err ? err : bpf_skb_adjust_room(skb, -amount, BPF_ADJ_ROOM_MAC, 0));
}

SEC("tc")
int change_proto_and_back(struct __sk_buff *skb)
{
	int err = bpf_skb_change_proto(skb, bpf_htons(ETH_P_IPV6), 0);

	return done(err ? err : bpf_skb_change_proto(skb, bpf_htons(ETH_P_IP), 0));
}

SEC("tc")
int vlan_push_and_pop(struct __sk_buff *skb)
{
	int err = bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 5);

	if (!err)
		err = bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 6);
	if (!err)
		err = bpf_skb_vlan_pop(skb);
	if (!err)
		err = bpf_skb_vlan_pop(skb);
	return done(err);
}

SEC("tc")
int change_proto(struct __sk_buff *skb)
{
	return done(bpf_skb_change_proto(skb, bpf_htons(ETH_P_IPV6), 0));
}

SEC("tc")
int vlan_push(struct __sk_buff *skb)
{
	int err = bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 5);

	if (!err && amount > 1) /* the second one moves the first into the packet */
		err = bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 6);
	return done(err);
}

SEC("tc")
int vlan_pop(struct __sk_buff *skb)
{
	return done(bpf_skb_vlan_pop(skb));
}

SEC("tc")
int clone_redirect(struct __sk_buff *skb)
{
	return done(bpf_clone_redirect(skb, target, 0));
}

SEC("tc")
int redirect(struct __sk_buff *skb)
{
	int verdict = bpf_redirect(target, 0);

	done(verdict == 2 /* TC_ACT_SHOT */);
	return verdict;
}

SEC("tc")
int redirect_peer(struct __sk_buff *skb)
{
	int verdict = bpf_redirect_peer(target, 0);

	done(verdict == 2 /* TC_ACT_SHOT */);
	return verdict;
}

SEC("tc")
int pull_data(struct __sk_buff *skb)
{
	return done(bpf_skb_pull_data(skb, skb->len));
}

SEC("tc")
int store_bytes(struct __sk_buff *skb)
{
	__u16 port = bpf_htons(9);

	return done(bpf_skb_store_bytes(skb, UDP_SOURCE, &port, sizeof(port), 0));
}

SEC("tc")
int write_packet(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data;

	if (data + UDP_SOURCE + 1 > (__u8 *)(long)skb->data_end)
		return done(-EFAULT);
	data[UDP_SOURCE] = 9;
	return done(0);
}

/* Sets the field to the value that it has. */
SEC("tc")
int set_field(struct __sk_buff *skb)
{
	struct pktmeta_cursor c;
	__u64 value = SURVIVOR;
	__u8 marker = 0;
	int err;

	err = bpf_skb_load_bytes(skb, marker_offset(skb->len), &marker, 1);
	value |= marker;
	pktmeta_open(&c, skb);
	return done(err ? err : pktmeta_set(&c, survivor_id, &value, sizeof(value)));
}

char _license[] SEC("license") = "Dual BSD/GPL";
