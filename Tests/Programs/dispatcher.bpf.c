// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Has the name by which libxdp's dispatcher is known, and calls nobody. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int xdp_dispatcher(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
