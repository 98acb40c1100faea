/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Several XDP programs on one interface. */
#ifndef PKTMETA_CHAIN_BPF_H
#define PKTMETA_CHAIN_BPF_H

/*
 * The program behind this one, if there is one. The loader fills it in before this program is attached and never
 * changes it then: a chain that changes is loaded anew, so that each packet meets the old order or the new one.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} pktmeta_chain __weak SEC(".maps");

/*
 * Ends an XDP program that shares its interface: `return pktmeta_next(ctx, verdict);`
 *
 * XDP_PASS hands the packet to the next program of the chain, and is the verdict if there is none. Any other verdict is
 * final. A program that returns without this call can only be the last of a chain.
 */
static __always_inline int pktmeta_next(struct xdp_md *ctx, int verdict)
{
	if (verdict == XDP_PASS)
		bpf_tail_call(ctx, &pktmeta_chain, 0);
	return verdict;
}

#endif /* PKTMETA_CHAIN_BPF_H */
