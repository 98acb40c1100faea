// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* An application that shares its interface's XDP hook with sharing_xdp.bpf.c, and knows of it only the field. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

PKTMETA_FIELD(__u32, shared);

/* Packets that came here, and those that carried the field. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} packets SEC(".maps");

static __always_inline void count(__u32 index)
{
	__u64 *value = bpf_map_lookup_elem(&packets, &index);

	if (value)
		__sync_fetch_and_add(value, 1);
}

static __always_inline void look(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;
	__u32 shared;

	count(0);
	if (!pktmeta_open_bound(&c, ctx) && !PKTMETA_GET(&c, shared, &shared) && shared == 0xc0ffee)
		count(1);
}

SEC("xdp.frags")
int reader(struct xdp_md *ctx)
{
	look(ctx);
	return pktmeta_next(ctx, XDP_PASS);
}

/* Nothing can come behind it. */
SEC("xdp.frags")
int last(struct xdp_md *ctx)
{
	look(ctx);
	return XDP_PASS;
}

SEC("xdp.frags")
int dropper(struct xdp_md *ctx)
{
	/* Not known to the compiler, which would leave the call out. */
	return pktmeta_next(ctx, ctx->ingress_ifindex ? XDP_DROP : XDP_PASS);
}

SEC("xdp")
int plain(struct xdp_md *ctx)
{
	look(ctx);
	return pktmeta_next(ctx, XDP_PASS);
}

char _license[] SEC("license") = "Dual BSD/GPL";
