// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Its program array is filled by the object and pinned by name: each load would change the one that is in use. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

int end(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__array(values, int(void *));
} shared_steps SEC(".maps") = {.values = {[0] = (void *)&end}};

SEC("xdp")
int begin(struct xdp_md *ctx)
{
	struct pktmeta_cursor c;

	pktmeta_open(&c, ctx);
	bpf_tail_call(ctx, &shared_steps, 0);
	return XDP_PASS;
}

SEC("xdp")
int end(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
