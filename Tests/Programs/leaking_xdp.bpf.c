// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Refused behind an open, so that the verifier's log has the constants that open compares with. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

PKTMETA_FIELD(__u32, shared);

SEC("xdp")
int refused_with_the_seal(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;
	__u32 value = 0;

	if (pktmeta_open_bound(&c, ctx) || PKTMETA_GET(&c, shared, &value))
		return XDP_PASS;
	return *(volatile __u8 *)(c.cursor.end + 4000);
}

char _license[] SEC("license") = "Dual BSD/GPL";
