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

/* Each CPU counts on its own, in steps of the number of CPUs: no two packets get the same number. */
static __always_inline __u64 next_sequence(void)
{
	struct pktmeta_area_state *area = __pktmeta_slot_state(0);

	return area ? area->sequence++ * pktmeta_table.cpus + bpf_get_smp_processor_id() : 0;
}

static __always_inline __u64 next_packet(void)
{
	struct pktmeta_area_state *area = __pktmeta_slot_state(0);

	return area ? area->packets++ : 0;
}

static __always_inline __u64 length(struct xdp_md *ctx)
{
	if (pktmeta_table.no_fragments)
		return (void *)(long)ctx->data_end - (void *)(long)ctx->data;
	return bpf_xdp_get_buff_len(ctx);
}

static __always_inline struct inputs take_inputs(struct xdp_md *ctx)
{
	struct inputs in = {};

	if (is_wanted(PKTMETA_SOURCE_PACKET_LENGTH))
		in.length = length(ctx);
	if (is_wanted(PKTMETA_SOURCE_FLOW_HASH))
		in.hash = flow_hash((void *)(long)ctx->data, (void *)(long)ctx->data_end, !pktmeta_no_ethernet);
	if (is_wanted(PKTMETA_SOURCE_SEQUENCE))
		in.sequence = next_sequence();
	if (is_wanted(PKTMETA_SOURCE_KTIME))
		in.ktime = bpf_ktime_get_ns();
	if (pktmeta_table.samples)
		in.packet = next_packet();
	return in;
}

/* Puts a number into the bytes of an integer type. */
static __always_inline void encode(void *value, __u8 type, __u64 number)
{
	switch (type) {
	case PKTMETA_TYPE_U8:
		*(__pktmeta_u8 *)value = number;
		break;
	case PKTMETA_TYPE_U16:
		*(__pktmeta_u16 *)value = number;
		break;
	case PKTMETA_TYPE_U32:
		*(__pktmeta_u32 *)value = number;
		break;
	case PKTMETA_TYPE_U64:
		*(__pktmeta_u64 *)value = number;
		break;
	case PKTMETA_TYPE_BE16:
		*(__pktmeta_u16 *)value = bpf_htons((__u16)number);
		break;
	case PKTMETA_TYPE_BE32:
		*(__pktmeta_u32 *)value = bpf_htonl((__u32)number);
		break;
	}
}

/* Fills value with the step's value; not 0 if this packet has none. */
static __always_inline int take_value(void *value, const volatile struct pktmeta_step *step, struct xdp_md *ctx,
				      const struct inputs *in)
{
	__u32 size = step->size;
	__u32 offset = step->source_offset;
	void *from = (void *)(long)ctx->data + offset;

	switch (step->source) {
	case PKTMETA_SOURCE_CONSTANT:
		__PKTMETA_COPY(__PKTMETA_LOAD, (void *)step->constant, value, size);
		return 0;
	case PKTMETA_SOURCE_PAYLOAD:
		if (from + size > (void *)(long)ctx->data_end)
			return -ENODATA;
		__PKTMETA_COPY(__PKTMETA_LOAD, from, value, size);
		return 0;
	case PKTMETA_SOURCE_IFINDEX:
		encode(value, step->type, ctx->ingress_ifindex);
		return 0;
	case PKTMETA_SOURCE_RX_QUEUE:
		encode(value, step->type, ctx->rx_queue_index);
		return 0;
	case PKTMETA_SOURCE_PACKET_LENGTH:
		encode(value, step->type, in->length);
		return 0;
	case PKTMETA_SOURCE_FLOW_HASH:
		encode(value, step->type, in->hash);
		return 0;
	case PKTMETA_SOURCE_SEQUENCE:
		encode(value, step->type, in->sequence);
		return 0;
	case PKTMETA_SOURCE_KTIME:
		encode(value, step->type, in->ktime);
		return 0;
#ifdef PKTMETA_HARDWARE
	case PKTMETA_SOURCE_RX_TIMESTAMP:
		return rx_timestamp(ctx, value);
	case PKTMETA_SOURCE_RX_HASH:
		return rx_hash(ctx, value);
	case PKTMETA_SOURCE_RX_VLAN:
		return rx_vlan(ctx, value);
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

static __always_inline void produce(struct pktmeta_cursor *c, const volatile struct pktmeta_step *step,
				    struct xdp_md *ctx, const struct inputs *in, __u64 *value)
{
	if (is_sampled(step, in) && !take_value(value, step, ctx, in))
		pktmeta_set(c, step->id, value, step->size);
}

SEC("xdp.frags")
int producer(struct xdp_md *ctx)
{
	struct inputs in = take_inputs(ctx);
	__u64 value[PKTMETA_VALUE_MAX / 8] = {};
	struct pktmeta_cursor c;

	pktmeta_open(&c, ctx);
#define RUN(step) \
	if ((step)->source == PKTMETA_SOURCE_NONE) /* those without come last */ \
		goto out; \
	produce(&c, (step), ctx, &in, value);
	FOR_EACH_STEP(RUN)
#undef RUN
out:
#ifdef PKTMETA_HARDWARE
	return XDP_PASS; /* the kernel lets no program that is bound to a device use or be in a PROG_ARRAY */
#else
	return pktmeta_next(ctx, XDP_PASS);
#endif
}

char _license[] SEC("license") = "Dual BSD/GPL";
