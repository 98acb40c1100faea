// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Gets a value and makes no use of it: the compiler leaves out the load, and the struct that tells the field's type. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

PKTMETA_FIELD(__u32, word_field);

SEC("xdp.frags")
int look(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;
	__u32 unused;

	pktmeta_open_bound(&c, ctx);
	return PKTMETA_GET(&c, word_field, &unused) ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
