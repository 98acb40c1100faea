// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Gets each field of each packet, and keeps its state. */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define PKTMETA_COUNT
#include <pktmeta/pktmeta.bpf.h>

#include "steps.bpf.h"

#define TCX_NEXT (-1) /* let the programs behind this one run; TC_ACT_UNSPEC to cls_bpf */

/* The number in the bytes of an integer type; not 0 if the type is not one. */
static __always_inline int decode(const void *value, __u8 type, __u64 *number)
{
	switch (type) {
	case PKTMETA_TYPE_U8:
		*number = *(const __pktmeta_u8 *)value;
		return 0;
	case PKTMETA_TYPE_U16:
		*number = *(const __pktmeta_u16 *)value;
		return 0;
	case PKTMETA_TYPE_U32:
		*number = *(const __pktmeta_u32 *)value;
		return 0;
	case PKTMETA_TYPE_U64:
		*number = *(const __pktmeta_u64 *)value;
		return 0;
	case PKTMETA_TYPE_BE16:
		*number = bpf_ntohs(*(const __pktmeta_u16 *)value);
		return 0;
	case PKTMETA_TYPE_BE32:
		*number = bpf_ntohl(*(const __pktmeta_u32 *)value);
		return 0;
	}
	return -EINVAL;
}

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

static __always_inline void keep_value(const volatile struct pktmeta_step *step, const void *value, __u64 now)
{
	struct pktmeta_state *state = __pktmeta_field_state(step->id);
	__u32 size = step->size;
	__u64 number;

	if (!state)
		return;
	__PKTMETA_COPY(__PKTMETA_STORE, (void *)state->last_value, value, size);
	if (!decode(value, step->type, &number))
		keep_number(state, number);
	state->last_time = now;
	state->values++;
}

static __always_inline void consume(const struct pktmeta_cursor *c, const volatile struct pktmeta_step *step,
				    __u64 *value, __u64 now)
{
	if (!pktmeta_get(c, step->id, value, step->size))
		keep_value(step, value, now);
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
	consume(&c, (step), value, now);
	FOR_EACH_STEP(RUN)
#undef RUN
out:
	return TCX_NEXT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
