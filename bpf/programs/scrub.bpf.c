// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Takes private fields off each packet, where it crosses from one network namespace to another: metadata crosses too.
 *
 * At TC egress, where packets leave the first namespace, nobody in the second gets at them. At TC ingress, in the
 * second, its XDP programs come first. These see no metadata that a packet brings (xdp_prepare_buff() in
 * include/net/xdp.h), but its bytes are still in front of the packet, where bpf_xdp_adjust_meta() and
 * bpf_xdp_adjust_head() get at them.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/*
 * A dynptr would refuse to write to a packet that a tap shares, and the fields would stay. A store has the kernel copy
 * the packet without its metadata: see cover().
 */
#define PKTMETA_STORES_AT_TC
#include <pktmeta/pktmeta.bpf.h>

#include "steps.bpf.h"
#include "tc.bpf.h"

/*
 * The value first: who reads the packet's bytes without asking shall not find it either. Also of a field that the
 * packet does not carry: clear leaves the bytes. Not 0 if something may be left.
 */
static __always_inline int scrub_field(struct pktmeta_cursor *c, const volatile struct pktmeta_step *step)
{
	const __u64 nothing[PKTMETA_VALUE_MAX / 8] = {};
	int carried;

	if (!(step->flags & PKTMETA_FIELD_PRIVATE))
		return 0;
	carried = pktmeta_is_set(c, step->id);
	if (carried < 0)
		return carried;
	pktmeta_set(c, step->id, nothing, step->size);
	return pktmeta_clear(c, step->id);
}

/* While the layout changes, bytes may be a private field's that has moved or gone: all of the area goes. */
static __always_inline void scrub_all(struct pktmeta_cursor *c)
{
	__pktmeta_zero(c->area);
	__pktmeta_store_seal(c->area, c->area + __PKTMETA_SEAL(CAPACITY), __PKTMETA_SEAL(HEADER), c->stamp);
}

/*
 * GRO may have merged packets to a list, of which each keeps an area of its own, where no program gets at it. When the
 * list is taken apart for forwarding, they would leave with it. Once the first has a byte of the second, the kernel
 * makes new packets of them, without metadata; the first one's area stays for this namespace (Survival.md). Not 0:
 * there is no memory for that.
 */
static __always_inline long join_list(struct __sk_buff *skb)
{
	__u32 linear = skb->data_end - skb->data;

	return skb->gso_segs > 1 && linear < skb->len ? bpf_skb_pull_data(skb, linear + 1) : 0;
}

/*
 * What a packet has had as metadata may still lie in front of it: the kernel copies these bytes as it drops metadata
 * (net/core/skbuff.c, pskb_expand_head()), and moves the packet's start without them. XDP programs get
 * at what there is of them: usually 256 bytes, XDP_PACKET_HEADROOM; more where a packet came with more, or came out of
 * a tunnel, which is not covered.
 */
#define COVERED 256
#define VLAN_HLEN 4
#define TAGS (COVERED / VLAN_HLEN + 1) /* one is not in the packet, but beside it */

/* Bytes are put between the headers of Ethernet and IP, where the kernel zeroes them, and are taken off again. */
static __always_inline int cover_by_room(struct __sk_buff *skb)
{
	const __u64 flags = BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET;

	if (skb->protocol != bpf_htons(ETH_P_IP) && skb->protocol != bpf_htons(ETH_P_IPV6))
		return -EOPNOTSUPP;
	if (bpf_skb_adjust_room(skb, COVERED, BPF_ADJ_ROOM_MAC, flags))
		return -EOPNOTSUPP;
	return bpf_skb_adjust_room(skb, -COVERED, BPF_ADJ_ROOM_MAC, flags) ? -EFAULT : 0;
}

/* As many VLAN tags as hide the bytes, and off again: for packets that are not of IP. */
static __always_inline int cover_by_tags(struct __sk_buff *skb)
{
	__u64 pushed;

	for (pushed = 0; pushed < TAGS; pushed++) {
		if (bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 0))
			return -EFAULT;
	}
	for (pushed = 0; pushed < TAGS; pushed++) {
		if (bpf_skb_vlan_pop(skb))
			return -EFAULT;
	}
	return 0;
}

/* Of a packet that no area is found of. One that the host itself sends has had none. Not 0: it must not leave so. */
static __always_inline int cover(struct __sk_buff *skb)
{
	int err;

	/* What a tunnel's device sends has come in by none, and has no socket unless the host has made the packet. */
	if (!pktmeta_at_egress || (!skb->ingress_ifindex && skb->sk))
		return 0;
	err = cover_by_room(skb);
	return err == -EOPNOTSUPP ? cover_by_tags(skb) : err;
}

SEC("tc")
int scrub(struct __sk_buff *skb)
{
	struct pktmeta_cursor c;
	int left;

	if (join_list(skb))
		return TCX_DROP;
	if (pktmeta_open(&c, skb))
		return cover(skb) ? TCX_DROP : TCX_NEXT;
	/* Set before the field was unregistered, or after one was registered: the table does not know whether it is
	 * private. */
	left = __pktmeta_fields_set(&c) & ~pktmeta_table.asked;
	left |= c.stamp != __pktmeta_now(__pktmeta_registry_word(c.registry));
#define RUN(step) \
	if (!(step)->id) \
		goto out; \
	left |= scrub_field(&c, (step));
	FOR_EACH_STEP(RUN)
#undef RUN
out:
	if (left)
		scrub_all(&c);
	return TCX_NEXT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
