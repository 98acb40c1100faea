// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Looks for a packet's value in front of the packet, as far as XDP gets. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "survival.bpf.h"

#define STEP 4
#define FARTHEST 252

struct headroom {
	__u64 packets;
	__u64 found; /* packets with their value in front */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct headroom);
} headroom SEC(".maps");

/* Packets of IPv6 are those that hosts send by themselves. */
static __always_inline int is_ipv6(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;

	return (void *)(eth + 1) <= (void *)(long)ctx->data_end && eth->h_proto == bpf_htons(ETH_P_IPV6);
}

static __always_inline int is_value(void *at, void *end, __u8 marker)
{
	__u64 word;

	if (at + sizeof(word) > end)
		return 0;
	__builtin_memcpy(&word, at, sizeof(word));
	return word == (survivor | marker);
}

/* In metadata that the packet has in XDP already, which goes then. */
static __always_inline int is_in_metadata(struct xdp_md *ctx, __u8 marker)
{
	int found = 0;

	for (__u32 i = 0; i < FARTHEST / STEP; i++) {
		void *meta = (void *)(long)ctx->data_meta, *data = (void *)(long)ctx->data;

		if (meta >= data)
			break;
		found |= is_value(meta, data, marker);
		if (bpf_xdp_adjust_meta(ctx, STEP))
			break;
	}
	return found;
}

SEC("xdp.frags")
int look(struct xdp_md *ctx)
{
	__u32 key = 0, reached = 0;
	struct headroom *h = bpf_map_lookup_elem(&headroom, &key);
	__u8 marker = 0;
	int found = 0;

	if (!h || is_ipv6(ctx) || bpf_xdp_load_bytes(ctx, marker_offset(bpf_xdp_get_buff_len(ctx)), &marker, 1))
		return XDP_PASS;
	found = is_in_metadata(ctx, marker);
	while (reached < FARTHEST && !bpf_xdp_adjust_head(ctx, -STEP))
		reached += STEP;
	while (reached) {
		found |= is_value((void *)(long)ctx->data, (void *)(long)ctx->data_end, marker);
		if (bpf_xdp_adjust_head(ctx, STEP))
			return XDP_DROP;
		reached -= STEP;
	}
	__atomic_fetch_add(&h->found, found, __ATOMIC_RELAXED);
	__atomic_fetch_add(&h->packets, 1, __ATOMIC_RELAXED);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
