// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#include "bound.bpf.h"
#include "dirt.bpf.h"

SEC("xdp")
int bound(struct xdp_md *ctx)
{
	leave_dirt(ctx);
	RUN_BOUND_SCRIPT(ctx);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
