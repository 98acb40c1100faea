// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Sets the field on each packet and sends it on its way. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#include "survival.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} stamped SEC(".maps"); /* packets that have the field, and packets that it could not be set on */

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} cpus SEC(".maps");

#define OTHERS 4

const volatile __u32 other_ids[OTHERS] = {}; /* of u64 fields */
const volatile __u64 other_values[OTHERS] = {};

#define IP_PROTOCOL 23 /* bytes from the link-layer header on */

/* The byte at an offset; negative errno if the packet has none. In place: kernels before 5.18 have no helper for it. */
static __always_inline int byte_at(struct xdp_md *ctx, __s32 at)
{
	__u8 *data = __PKTMETA_POINTER(ctx, data);
	__u8 *end = __PKTMETA_POINTER(ctx, data_end);
	__u32 offset = at < 0 ? (__u32)(end - data) + at : at;

	if (offset > 0x7ff)
		return -EFAULT;
	data += offset;
	if (data + 1 > end)
		return -EFAULT;
	return *data;
}

const volatile __u8 outer_protocol = 0;   /* of IP, of packets that TC gets without their outer headers; 0: none */
const volatile __s32 outer_marker_at = 0; /* where these have a number that tells the marker */
const volatile __u8 marker_ahead = 0;     /* by how much that is more */

static __always_inline int marker_of(struct xdp_md *ctx)
{
	int number;

	if (!outer_protocol || byte_at(ctx, IP_PROTOCOL) != outer_protocol)
		return byte_at(ctx, marker_at);
	number = byte_at(ctx, outer_marker_at);
	return number < 0 ? number : (__u8)(number - marker_ahead);
}

static __always_inline void set_survivor(struct xdp_md *ctx)
{
	struct pktmeta_cursor c;
	__u64 value = SURVIVOR, *count;
	int marker = marker_of(ctx);
	__u32 failed;

	value |= (__u8)marker;
	failed = marker < 0 || pktmeta_open(&c, ctx) || pktmeta_set(&c, survivor_id, &value, sizeof(value));
	count = bpf_map_lookup_elem(&stamped, &failed);
	if (count)
		__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

/* Each both ways, because generic mode treats the two differently. */
#define PROGRAM(name, verdict) \
	SEC("xdp.frags") \
	int name##_frags(struct xdp_md *ctx) \
	{ \
		set_survivor(ctx); \
		return verdict; \
	} \
	SEC("xdp") \
	int name(struct xdp_md *ctx) \
	{ \
		set_survivor(ctx); \
		return verdict; \
	}

PROGRAM(stamp, XDP_PASS)
PROGRAM(stamp_to_device, bpf_redirect_map(&devices, 0, 0))
PROGRAM(stamp_to_cpu, bpf_redirect_map(&cpus, 0, 0))

/* Other fields have values that the test chose. */
static __always_inline void set_others(struct xdp_md *ctx)
{
	struct pktmeta_cursor c;

	pktmeta_open(&c, ctx);
#pragma unroll
	for (int i = 0; i < OTHERS; i++) {
		__u64 value = other_values[i];

		pktmeta_set(&c, other_ids[i], &value, sizeof(value));
	}
}

SEC("xdp.frags")
int stamp_others_frags(struct xdp_md *ctx)
{
	set_survivor(ctx);
	set_others(ctx);
	return XDP_PASS;
}

const volatile __s32 pushed = 0; /* bytes; negative: taken off */

/* Puts a header in front of every third packet, or takes one off, as of a tunnel, and the area in front of that. */
static __always_inline int push_and_stamp(struct xdp_md *ctx)
{
	int marker = marker_of(ctx);

	if (marker >= 0 && is_third(marker) && bpf_xdp_adjust_head(ctx, -pushed))
		return XDP_DROP;
	set_survivor(ctx);
	return XDP_PASS;
}

SEC("xdp.frags")
int stamp_pushed_frags(struct xdp_md *ctx)
{
	return push_and_stamp(ctx);
}

SEC("xdp")
int stamp_pushed(struct xdp_md *ctx)
{
	return push_and_stamp(ctx);
}

/* Another program's metadata, of the area's size, of which that program writes nothing. */
static __always_inline int stamp_or_reserve_bytes(struct xdp_md *ctx)
{
	int marker = marker_of(ctx);

	if (marker >= 0 && !is_third(marker))
		return bpf_xdp_adjust_meta(ctx, -64) ? XDP_DROP : XDP_PASS;
	set_survivor(ctx);
	return XDP_PASS;
}

SEC("xdp.frags")
int stamp_or_reserve_frags(struct xdp_md *ctx)
{
	return stamp_or_reserve_bytes(ctx);
}

SEC("xdp")
int stamp_or_reserve(struct xdp_md *ctx)
{
	return stamp_or_reserve_bytes(ctx);
}

/* Another application's on the packet's way: makes an area if it finds none, and sets nothing. */
SEC("xdp.frags")
int open_only(struct xdp_md *ctx)
{
	struct pktmeta_cursor c;

	pktmeta_open(&c, ctx);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
