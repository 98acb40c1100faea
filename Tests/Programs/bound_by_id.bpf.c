// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Opens areas for bound access and sets a field by its id only. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define PKTMETA_COUNT
#include <pktmeta/pktmeta.bpf.h>

SEC("xdp.frags")
int stamp(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;
	const __u8 value[3] = {1, 2, 3};

	if (!pktmeta_open_bound(&c, ctx))
		pktmeta_set(&c.cursor, PKTMETA_ID(three), value, sizeof(value));
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
