// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Sets each field that has a source, on each packet. */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define PKTMETA_COUNT
#include <pktmeta/pktmeta.bpf.h>

#include "flow_hash.bpf.h"
#ifdef PKTMETA_HARDWARE
#include "hardware.bpf.h"
#endif
#include "by_id.bpf.h"
#include "steps.bpf.h"

const volatile __u8 pktmeta_no_ethernet = 0; /* the interface's packets begin with the header of IP */

/* What more than one step may want, taken once a packet and only if a step wants it. */
struct inputs {
	__u64 length;
	__u64 hash;
	__u64 sequence;
	__u64 ktime;
	__u64 packet; /* how many packets this CPU has counted before */
};

static __always_inline int is_wanted(enum pktmeta_source_kind source)
{
	return pktmeta_table.sources & 1U << source;
}

static __always_inline __u64 length(struct xdp_md *ctx)
{
	if (pktmeta_table.no_fragments)
		return (void *)(long)ctx->data_end - (void *)(long)ctx->data;
	return bpf_xdp_get_buff_len(ctx);
}

static __always_inline struct inputs take_inputs(struct xdp_md *ctx, struct pktmeta_state *state)
{
	struct inputs in = {};

	if (is_wanted(PKTMETA_SOURCE_PACKET_LENGTH))
		in.length = length(ctx);
	if (is_wanted(PKTMETA_SOURCE_FLOW_HASH))
		in.hash = flow_hash((void *)(long)ctx->data, (void *)(long)ctx->data_end, !pktmeta_no_ethernet);
	if (is_wanted(PKTMETA_SOURCE_SEQUENCE))
		/* Each CPU counts on its own, in steps of the number of CPUs: no two packets get the same number. */
		in.sequence = state->sequence++ * pktmeta_table.cpus + bpf_get_smp_processor_id();
	if (is_wanted(PKTMETA_SOURCE_KTIME))
		in.ktime = bpf_ktime_get_ns();
	if (pktmeta_table.samples)
		in.packet = state->packets++;
	return in;
}

/* A number as the first bytes of a word in memory, which are those of a value of an integer type. */
static __always_inline __u64 encode(__u64 number, __u8 type, __u32 size)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	if (type == PKTMETA_TYPE_BE16)
		return bpf_htons((__u16)number);
	if (type == PKTMETA_TYPE_BE32)
		return bpf_htonl((__u32)number);
	return number;
#else
	return number << (64 - 8 * size);
#endif
}

/* The number of a step whose source gives one; not 0 if this packet has none. */
static __always_inline int take_number(const volatile struct pktmeta_step *step, struct xdp_md *ctx,
				       const struct inputs *in, __u64 *number)
{
	switch (step->source) {
	case PKTMETA_SOURCE_IFINDEX:
		*number = ctx->ingress_ifindex;
		return 0;
	case PKTMETA_SOURCE_RX_QUEUE:
		*number = ctx->rx_queue_index;
		return 0;
	case PKTMETA_SOURCE_PACKET_LENGTH:
		*number = in->length;
		return 0;
	case PKTMETA_SOURCE_FLOW_HASH:
		*number = in->hash;
		return 0;
	case PKTMETA_SOURCE_SEQUENCE:
		*number = in->sequence;
		return 0;
	case PKTMETA_SOURCE_KTIME:
		*number = in->ktime;
		return 0;
#ifdef PKTMETA_HARDWARE
	case PKTMETA_SOURCE_RX_TIMESTAMP:
		return rx_timestamp(ctx, number);
	case PKTMETA_SOURCE_RX_HASH:
		return rx_hash(ctx, number);
	case PKTMETA_SOURCE_RX_VLAN:
		return rx_vlan(ctx, number);
#endif
	}
	return -ENODATA;
}

/*
 * All samples go by one count of packets, so that fields sampled alike lie on the same packets: a value that differs
 * from that of the packet before keeps GRO from merging the two.
 */
static __always_inline int is_sampled(const volatile struct pktmeta_step *step, const struct inputs *in)
{
	__u32 sample = step->sample;

	return !sample || in->packet % sample == 0;
}

/* Sets a step's field where the table says. Those that are set on each packet are marked all at once. */
static __always_inline void place(void *area, struct pktmeta_state *state, const volatile struct pktmeta_step *step,
				  struct xdp_md *ctx, const struct inputs *in)
{
	const volatile void *from = step->constant;
	void *to = area + step->place;
	__u8 source = step->source;
	__u32 size = step->size;
	__u64 number;

	if (!is_sampled(step, in))
		return;
	if (source == PKTMETA_SOURCE_CONSTANT || source == PKTMETA_SOURCE_PAYLOAD) {
		if (source == PKTMETA_SOURCE_PAYLOAD) {
			from = (void *)(long)ctx->data + step->source_offset;
			if (from + size > (void *)(long)ctx->data_end)
				return;
		}
		MOVE_VALUE(to, from, size);
	} else {
		if (take_number(step, ctx, in, &number))
			return;
		number = encode(number, step->type, size);
		MOVE_WORD(to, &number, size);
	}
	if (!(pktmeta_table.always & step->bit))
		*fields_set(area) |= step->bit;
	state_of(state, step)->counts[PKTMETA_COUNTER_SET][0]++;
}

/*
 * Sets a step's field, its place looked up. The number is that of the source, if that gives one.
 *
 * A function for all steps, with sizes that are known only as it runs, which the verifier checks once and apart from
 * its callers: a copy for each step took it a hundred thousand instructions.
 */
__attribute__((noinline)) int set_by_id(struct xdp_md *ctx, __u32 index, __u64 number)
{
	const volatile struct pktmeta_step *step;
	struct __pktmeta_place place;
	struct pktmeta_cursor c;
	__u32 size, offset;
	__u64 *value;
	void *from;
	int err;

	if (index >= PKTMETA_FIELDS_MAX)
		return 0;
	step = &pktmeta_table.steps[index];
	size = step->size;
	reopen(&c, ctx);
	if (!__pktmeta_has_counts(&c.counts))
		return 0;
	value = (__u64 *)c.counts.state->last_bytes[0]; /* no field's */
	switch (step->source) {
	case PKTMETA_SOURCE_CONSTANT:
#pragma unroll
		for (__u32 i = 0; i < PKTMETA_VALUE_MAX / 8; i++)
			value[i] = step->constant[i];
		break;
	case PKTMETA_SOURCE_PAYLOAD:
		offset = step->source_offset;
		if (offset > MAX_OFFSET)
			return 0;
		from = (void *)(long)ctx->data + offset;
		if (load_bytes(value, from, (void *)(long)ctx->data_end, size))
			return 0;
		break;
	default:
		value[0] = encode(number, step->type, size);
	}
	err = __pktmeta_locate(&c, step->id, size, &place);
	if (!err)
		err = store_bytes(place.value, c.end, value, size);
	if (!err)
		__pktmeta_store_marks(&c, __pktmeta_mark(__pktmeta_bit(step->id)));
	__pktmeta_count_set(&c.counts, step->id, err);
	return 0;
}

SEC("xdp.frags")
int producer(struct xdp_md *ctx)
{
	struct pktmeta_state *state;
	struct pktmeta_cursor c;
	struct inputs in;
	void *area;

	pktmeta_open(&c, ctx);
	state = c.counts.state;
	if (!state)
		goto out;
	in = take_inputs(ctx, state);
	if (!has_places(&c, ctx, &area))
		goto by_id;
#define RUN(step) \
	if ((step)->source == PKTMETA_SOURCE_NONE) /* those without come last */ \
		goto placed; \
	place(area, state, (step), ctx, &in);
	FOR_EACH_STEP(RUN)
#undef RUN
placed:
	*fields_set(area) |= pktmeta_table.always;
	goto out;
by_id:
#pragma clang loop unroll(disable)
	for (__u64 index = 0; index < PKTMETA_FIELDS_MAX; index++) {
		const volatile struct pktmeta_step *step = &pktmeta_table.steps[index];
		__u64 number = 0;

		if (step->source == PKTMETA_SOURCE_NONE)
			break;
		if (!is_sampled(step, &in))
			continue;
		if (step->source == PKTMETA_SOURCE_CONSTANT || step->source == PKTMETA_SOURCE_PAYLOAD ||
		    !take_number(step, ctx, &in, &number))
			set_by_id(ctx, index, number);
	}
out:
#ifdef PKTMETA_HARDWARE
	return XDP_PASS; /* the kernel lets no program that is bound to a device use or be in a PROG_ARRAY */
#else
	return pktmeta_next(ctx, XDP_PASS);
#endif
}

char _license[] SEC("license") = "Dual BSD/GPL";
