// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Asks the kernel, under BPF_PROG_TEST_RUN, whether it grants an area of this size. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 pktmeta_area_size = 0; /* bytes, filled in by the loader */

SEC("xdp")
int probe(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_meta(ctx, -(int)pktmeta_area_size) ? XDP_ABORTED : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
