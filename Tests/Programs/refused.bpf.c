// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Includes the header, and does what the verifier refuses. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

SEC("xdp")
int out_of_bounds(struct xdp_md *ctx)
{
	struct pktmeta_cursor c;

	pktmeta_open(&c, ctx);
	return *(__u32 *)(long)ctx->data; /* not compared with data_end */
}

char _license[] SEC("license") = "Dual BSD/GPL";
