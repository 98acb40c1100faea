// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What an application brings: it sets and gets by id, so that its calls are counted. */
#define PKTMETA_COUNT
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#define TCX_NEXT (-1)

SEC("xdp.frags")
int stamp(struct xdp_md *ctx)
{
	struct pktmeta_cursor c;
	__u32 tenant = 42;

	if (!pktmeta_open(&c, ctx))
		pktmeta_set(&c, PKTMETA_ID(tenant), &tenant, sizeof(tenant));
	return pktmeta_next(ctx, XDP_PASS);
}

SEC("xdp.frags")
int label(struct xdp_md *ctx)
{
	struct pktmeta_cursor c;
	__u8 hops = 7;

	if (!pktmeta_open(&c, ctx))
		pktmeta_set(&c, PKTMETA_ID(hops), &hops, sizeof(hops));
	return pktmeta_next(ctx, XDP_PASS);
}

SEC("tc")
int steer(struct __sk_buff *skb)
{
	struct pktmeta_cursor c;
	__u32 tenant;

	pktmeta_open(&c, skb);
	if (!pktmeta_get(&c, PKTMETA_ID(tenant), &tenant, sizeof(tenant)))
		skb->queue_mapping = tenant % 4;
	return TCX_NEXT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
