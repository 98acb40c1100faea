// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Has a map that the kernel refuses to make, so that no program is ever seen by the verifier. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32); /* less than an address */
} traces SEC(".maps");

SEC("xdp")
int looker(struct xdp_md *ctx)
{
	struct pktmeta_cursor c;

	return pktmeta_open(&c, ctx) ? XDP_PASS : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
