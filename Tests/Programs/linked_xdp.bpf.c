// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* One of two source files that become one object: sets what linked_tc.bpf.c gets. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define PKTMETA_COUNT
#include <pktmeta/pktmeta.bpf.h>

PKTMETA_FIELD(__u32, first_field);

SEC("xdp.frags")
int linked_xdp(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;

	pktmeta_open_bound(&c, ctx);
	PKTMETA_SET(&c, first_field, 9);
	return pktmeta_next(ctx, XDP_PASS);
}

char _license[] SEC("license") = "Dual BSD/GPL";
