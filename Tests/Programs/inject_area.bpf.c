// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Puts bytes that a test chose in front of each packet, as any other program might. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#define AREA 64

struct area {
	__u32 size; /* 0 or AREA */
	__u32 pad;
	__u64 words[AREA / 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct area);
} area SEC(".maps");

SEC("xdp.frags")
int inject(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct area *wanted = bpf_map_lookup_elem(&area, &key);
	__u64 *place;

	if (!wanted || !wanted->size || bpf_xdp_adjust_meta(ctx, -AREA))
		return XDP_PASS;
	place = (void *)(long)ctx->data_meta;
	if ((void *)place + AREA > (void *)(long)ctx->data)
		return XDP_PASS;
#pragma unroll
	for (int i = 0; i < AREA / 8; i++)
		place[i] = wanted->words[i];
	return XDP_PASS;
}

/* Has the maps that the loader looks for. */
SEC("xdp")
int unused(struct xdp_md *ctx)
{
	struct pktmeta_cursor c;

	return pktmeta_open(&c, ctx) ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
