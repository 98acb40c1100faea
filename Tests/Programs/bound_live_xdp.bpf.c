// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Bound access for loaders that do not load programs anew. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define PKTMETA_BOUND_LIVE
#include <pktmeta/pktmeta.bpf.h>

#include "bound.bpf.h"

SEC("xdp")
int bound(struct xdp_md *ctx)
{
	RUN_BOUND_SCRIPT(ctx);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
