// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Takes private fields off each packet. Attached where a namespace begins, because metadata crosses into it: to an
 * interface inside, whose TC programs and sockets then never see them. XDP programs there do not see metadata that a
 * packet brings (xdp_prepare_buff() in include/net/xdp.h: their data_meta begins at data), so at TC is early enough.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/*
 * A dynptr would refuse to write to a packet that a tap shares, and the fields would stay. A store has the kernel copy
 * the packet without its metadata: then they are gone too.
 */
#define PKTMETA_STORES_AT_TC
#include <pktmeta/pktmeta.bpf.h>

#include "steps.bpf.h"

#define TCX_NEXT (-1) /* let the programs behind this one run */
#define TCX_DROP 2

/* The value first: who reads the packet's bytes without asking shall not find it either. Not 0 if it may be left. */
static __always_inline int scrub_field(struct pktmeta_cursor *c, const volatile struct pktmeta_step *step)
{
	const __u64 nothing[PKTMETA_VALUE_MAX / 8] = {};
	int carried;

	if (!(step->flags & PKTMETA_FIELD_PRIVATE))
		return 0;
	carried = pktmeta_is_set(c, step->id);
	if (carried <= 0)
		return carried;
	pktmeta_set(c, step->id, nothing, step->size);
	return pktmeta_clear(c, step->id);
}

/* While the layout changes, bytes may be a private field's that has moved or gone: all of the area goes. */
static __always_inline void scrub_all(struct pktmeta_cursor *c, __u64 registry_word)
{
	if (!__pktmeta_zero(c->area, c->end, pktmeta_word_capacity(registry_word)))
		*(volatile __u64 *)c->area = c->stamp;
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

SEC("tc")
int scrub(struct __sk_buff *skb)
{
	struct pktmeta_cursor c;
	__u64 registry_word;
	int left;

	if (join_list(skb))
		return TCX_DROP;
	if (pktmeta_open(&c, skb))
		return TCX_NEXT;
	registry_word = __pktmeta_registry_word(c.registry);
	left = c.stamp != __pktmeta_now(registry_word);
#define RUN(step) \
	if (!(step)->id) \
		goto out; \
	left |= scrub_field(&c, (step));
	FOR_EACH_STEP(RUN)
#undef RUN
out:
	if (left)
		scrub_all(&c, registry_word);
	return TCX_NEXT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
