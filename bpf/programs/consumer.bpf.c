// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Gets each field of each packet, keeps its state, and gives its value to its sink. */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define PKTMETA_COUNT
#include <pktmeta/pktmeta.bpf.h>

#include "steps.bpf.h"
#include "decode.bpf.h"

#define NO_QUEUE_MAPPING 0xffff /* the kernel's: writes of it or more are ignored */
#define TCX_NEXT (-1)           /* let the programs behind this one run; TC_ACT_UNSPEC to cls_bpf */

/* How many bits a number needs: 0 to 64. */
static __always_inline __u32 bit_length(__u64 number)
{
	__u32 bits = 0;

#pragma unroll
	for (__u32 shift = 32; shift; shift /= 2) {
		if (number >> shift) {
			bits += shift;
			number >>= shift;
		}
	}
	return bits + (__u32)number;
}

static __always_inline void keep_number(struct pktmeta_state *state, __u64 number)
{
	__u32 bucket = bit_length(number);

	if (!state->values || number < state->minimum)
		state->minimum = number;
	if (!state->values || number > state->maximum)
		state->maximum = number;
	if (bucket < PKTMETA_HISTOGRAM_BUCKETS)
		state->histogram[bucket]++;
}

static __always_inline void keep_value(struct pktmeta_state *state, const volatile struct pktmeta_step *step,
				       const void *value, __u64 now)
{
	__u32 size = step->size;
	__u64 number;

	__PKTMETA_COPY(__PKTMETA_STORE, (void *)state->last_value, value, size);
	if (!decode(value, step->type, &number))
		keep_number(state, number);
	state->last_time = now;
	state->values++;
}

/*
 * Sinks store to the context through volatile: the verifier knows each member at its own offset and width only, so
 * the compiler must not join stores.
 */

/* Shifted to the mask's lowest bit, which multiplies by that bit. */
static __always_inline int sink_mark(volatile struct __sk_buff *skb, __u32 mask, __u64 number)
{
	__u64 bits = number * (mask & -mask);

	if (bits & ~(__u64)mask)
		return -ERANGE;
	skb->mark = (skb->mark & ~mask) | (__u32)bits;
	return 0;
}

static __always_inline int sink_queue_mapping(volatile struct __sk_buff *skb, __u64 number)
{
	if (number >= NO_QUEUE_MAPPING)
		return -ERANGE;
	skb->queue_mapping = number;
	return 0;
}

static __always_inline void sink(volatile struct __sk_buff *skb, struct pktmeta_state *state,
				 const volatile struct pktmeta_step *step, const void *value)
{
	__u64 number;
	int err = 0;

	if (step->sink == PKTMETA_SINK_NONE || decode(value, step->type, &number))
		return;
	switch (step->sink) {
	case PKTMETA_SINK_MARK:
		err = sink_mark(skb, step->sink_mask, number);
		break;
	case PKTMETA_SINK_PRIORITY:
		skb->priority = number;
		break;
	case PKTMETA_SINK_QUEUE_MAPPING:
		err = sink_queue_mapping(skb, number);
		break;
	}
	if (err)
		state->not_sunk++;
	else
		state->sunk++;
}

static __always_inline void consume(const struct pktmeta_cursor *c, struct __sk_buff *skb,
				    const volatile struct pktmeta_step *step, __u64 *value, __u64 now)
{
	struct pktmeta_state *state;

	if (pktmeta_get(c, step->id, value, step->size))
		return;
	state = __pktmeta_field_state(step->id);
	if (!state) /* unregistered in between */
		return;
	keep_value(state, step, value, now);
	sink(skb, state, step, value);
}

SEC("tc")
int consumer(struct __sk_buff *skb)
{
	__u64 value[PKTMETA_VALUE_MAX / 8] = {};
	__u64 now = bpf_ktime_get_ns();
	struct pktmeta_cursor c;

	pktmeta_open(&c, skb);
#define RUN(step) \
	if (!(step)->id) \
		goto out; \
	consume(&c, skb, (step), value, now);
	FOR_EACH_STEP(RUN)
#undef RUN
out:
	return TCX_NEXT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
