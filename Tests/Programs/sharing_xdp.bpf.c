// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* An application that stamps packets, as an outsider would write it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

SEC("xdp.frags")
int stamp(struct xdp_md *ctx)
{
	struct pktmeta_cursor c;
	__u32 shared = 0xc0ffee;

	if (!pktmeta_open(&c, ctx))
		pktmeta_set(&c, PKTMETA_ID(shared), &shared, sizeof(shared));
	return pktmeta_next(ctx, XDP_PASS);
}

char _license[] SEC("license") = "Dual BSD/GPL";
