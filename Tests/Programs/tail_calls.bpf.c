// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Programs that call each other through program arrays that the object itself fills: each sets or checks a field that
 * it binds by name, so that a program bound to another layout than the one before it gives wrong values.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

PKTMETA_FIELD(__u32, shared);

enum { SEEN, RIGHT, WRONG, REFUSED, LOST, COUNTS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

static __noinline int count(__u32 index)
{
	__u64 *value = bpf_map_lookup_elem(&counts, &index);

	if (value)
		__sync_fetch_and_add(value, 1);
	return 0;
}

int middle(struct xdp_md *ctx);
int end(struct xdp_md *ctx);
int check_end(struct __sk_buff *skb);
int other_kind(struct xdp_md *ctx);
int unused(struct xdp_md *ctx);

/* Slot 0 stays empty. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 3);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} steps SEC(".maps") = {.values = {[1] = (void *)&middle}};

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} last_step SEC(".maps") = {.values = {[0] = (void *)&end}};

/* Of another hook's programs; used by check only. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} checks SEC(".maps") = {.values = {[0] = (void *)&check_end}};

/* Used by mixes only. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} mixed SEC(".maps") = {.values = {[0] = (void *)&other_kind}};

/* Filled by somebody else, while the programs are attached. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} filled_later SEC(".maps");

SEC("xdp.frags")
int begin(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;

	pktmeta_open_bound(&c, ctx);
	count(PKTMETA_SET(&c, shared, 0xc0ffee) ? REFUSED : SEEN);
	bpf_tail_call(ctx, &steps, 1);
	count(LOST);
	return pktmeta_next(ctx, XDP_PASS);
}

SEC("xdp.frags")
int middle(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &last_step, 0);
	count(LOST);
	return XDP_PASS;
}

SEC("xdp.frags")
int end(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;
	__u32 value;

	pktmeta_open_bound(&c, ctx);
	if (PKTMETA_GET(&c, shared, &value))
		count(REFUSED);
	else
		count(value == 0xc0ffee ? RIGHT : WRONG);
	bpf_tail_call(ctx, &filled_later, 0);
	return pktmeta_next(ctx, XDP_PASS);
}

SEC("tc")
int check(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &checks, 0);
	count(LOST);
	return -1;
}

SEC("tcx/ingress")
int check_end(struct __sk_buff *skb)
{
	struct pktmeta_bound_cursor c;
	__u32 value;

	pktmeta_open_bound(&c, skb);
	if (PKTMETA_GET(&c, shared, &value))
		count(REFUSED);
	else
		count(value == 0xc0ffee ? RIGHT : WRONG);
	return -1;
}

SEC("xdp.frags")
int mixes(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &mixed, 0);
	return XDP_PASS;
}

SEC("xdp")
int other_kind(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* Neither chosen nor named, and the verifier refuses it: to be loaded would show. */
SEC("xdp.frags")
int unused(struct xdp_md *ctx)
{
	return *(__u32 *)(long)ctx->data;
}

char _license[] SEC("license") = "Dual BSD/GPL";
