// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Programs of one object, of which one only leads to another by a tail call, and one does nothing: what is said of each
 * is what it reaches, and not what is in its object.
 */
#define PKTMETA_COUNT
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

PKTMETA_FIELD(__u32, shared);

int second(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} steps SEC(".maps") = {.values = {[0] = (void *)&second}};

SEC("xdp.frags")
int entry(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &steps, 0);
	return XDP_ABORTED;
}

SEC("xdp.frags")
int second(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;

	pktmeta_open_bound(&c, ctx);
	PKTMETA_SET(&c, shared, 0xc0ffee);
	return pktmeta_next(ctx, XDP_PASS);
}

SEC("xdp.frags")
int idle(struct xdp_md *ctx)
{
	return pktmeta_next(ctx, XDP_PASS);
}

char _license[] SEC("license") = "Dual BSD/GPL";
