// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Knows nothing of pktmeta. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int foreign(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
