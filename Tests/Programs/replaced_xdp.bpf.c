// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Two programs that take each other's place, counting as they set the field. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define PKTMETA_COUNT
#include <pktmeta/pktmeta.bpf.h>

static __always_inline int stamp(struct xdp_md *ctx)
{
	struct pktmeta_cursor c;
	__u32 shared = 0xc0ffee;

	pktmeta_open(&c, ctx);
	pktmeta_set(&c, PKTMETA_ID(shared), &shared, sizeof(shared));
	return pktmeta_next(ctx, XDP_PASS);
}

SEC("xdp.frags")
int one(struct xdp_md *ctx)
{
	return stamp(ctx);
}

SEC("xdp.frags")
int other(struct xdp_md *ctx)
{
	return stamp(ctx);
}

char _license[] SEC("license") = "Dual BSD/GPL";
