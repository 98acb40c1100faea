/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Programs that set and get all the time, while a test registers, unregisters and moves fields.
 *
 * A value says which field it belongs to: its bytes are a mix of the field's id. Packets are delayed on purpose: each
 * leaves XDP with the area of one that came long before, so that readers meet areas of many generations.
 */
#ifndef TORTURE_BPF_H
#define TORTURE_BPF_H

#include "torture_values.bpf.h"

#define STEADY 0x5eadfa57600d1dea

PKTMETA_FIELD(__u64, steady); /* nobody touches it */

/* Set by bound access, got by its id. It only moves. */
#define MOVER 5
#ifndef STEADY_ONLY
PKTMETA_FIELD(__u32, mover);
#endif

enum outcome {
	PACKETS,
	RIGHT,
	WRONG,
	NO_ENTRY,
	FAULT,
	OTHER,
	STEADY_RIGHT,
	STEADY_WRONG,
	STEADY_REFUSED,
	OUTCOMES,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OUTCOMES);
	__type(key, __u32);
	__type(value, __u64);
} outcomes SEC(".maps");

static __always_inline void count(__u32 outcome)
{
	__u64 *n = bpf_map_lookup_elem(&outcomes, &outcome);

	if (n)
		(*n)++;
}

static __always_inline void count_get(int err, int wrong)
{
	if (!err)
		count(wrong ? WRONG : RIGHT);
	else if (err == -ENOENT)
		count(NO_ENTRY);
	else if (err == -EFAULT)
		count(FAULT);
	else
		count(OTHER);
}

static __always_inline void get_target(const struct pktmeta_cursor *c, __u32 index, __u32 size)
{
	__u32 id = target(index);
	__u64 value[2] = {};
	int err;

	if (!id)
		return;
	err = pktmeta_get(c, id, value, size);
	count_get(err, !err && differs(value, id, size));
}

#ifdef STEADY_ONLY

/* Bound access, loaded anew by pktmeta as the registry changes. */
SEC("tc")
int torture_steady(struct __sk_buff *skb)
{
	struct pktmeta_bound_cursor c;
	__u64 value = 0;

	count(PACKETS);
	pktmeta_open_bound(&c, skb);
	if (PKTMETA_GET(&c, steady, &value))
		count(STEADY_REFUSED);
	else
		count(value == STEADY ? STEADY_RIGHT : STEADY_WRONG);
	return -1;
}

#else

SEC("xdp.frags")
int torture_xdp(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;

	if (!pktmeta_open_bound(&c, ctx)) {
		PKTMETA_SET(&c, steady, STEADY);
		PKTMETA_SET(&c, mover, (__u32)mix(PKTMETA_ID(mover)));
#define SET(index, size) set_target(&c.cursor, index, size);
		FOR_EACH_TARGET(SET)
		swap_area(ctx);
	}
	return XDP_PASS;
}

/* Dynamic access by ids that may be stale, in a program that nobody loads anew. */
SEC("tc")
int torture_dynamic(struct __sk_buff *skb)
{
	struct pktmeta_cursor c;

	pktmeta_open(&c, skb);
#define GET(index, size) get_target(&c, index, size);
	FOR_EACH_TARGET(GET)
	GET(MOVER, 4)
	return -1;
}

#endif

char _license[] SEC("license") = "Dual BSD/GPL";

#endif
