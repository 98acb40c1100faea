// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Relocates a type of the kernel besides its field. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

PKTMETA_FIELD(__u32, shared);

struct task_struct {
	int pid;
} __attribute__((preserve_access_index));

SEC("xdp")
int offset_of_pid(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;

	pktmeta_open_bound(&c, ctx);
	PKTMETA_SET(&c, shared, bpf_core_field_offset(struct task_struct, pid));
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
