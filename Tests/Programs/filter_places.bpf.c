// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Gets a field of each packet to a port at netfilter and at a cgroup, by its id and bound. All bytes of a packet's
 * payload are its number, and the field is that too (skb_places.bpf.c sets it).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "datagrams.bpf.h"

PKTMETA_FIELD(__u64, number);

enum place { NETFILTER, CGROUP, BESIDE, PLACES };

struct seen {
	__u64 packets;
	__u64 right; /* of two each */
	__u64 wrong;
	__u64 faults; /* -EFAULT: there is no area */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PLACES);
	__type(key, __u32);
	__type(value, struct seen);
} seen SEC(".maps");

/* The packet's number; negative: it is none of the test's. */
static __always_inline int number_of(const void *skb)
{
	struct datagram datagram;

	return read_datagram(skb, &datagram) ? *(__u8 *)datagram.payload : -1;
}

static __always_inline void judge(struct seen *s, int err, __u64 value, __u64 number)
{
	if (!err)
		count(value == number ? &s->right : &s->wrong);
	else if (err == -EFAULT)
		count(&s->faults);
}

/* Whether it is one of the test's. */
static __always_inline int look(const void *skb, __u32 place)
{
	struct seen *s = bpf_map_lookup_elem(&seen, &place);
	int number = number_of(skb), err;
	struct pktmeta_skb_cursor c, b;
	__u64 value = 0;

	if (!s || number < 0)
		return 0;
	pktmeta_open_skb(&c, skb);
	err = pktmeta_get(&c, PKTMETA_ID(number), &value, sizeof(value));
	judge(s, err, value, number);
	value = 0;
	pktmeta_open_bound_skb(&b, skb);
	err = PKTMETA_GET(&b, number, &value);
	judge(s, err, value, number);
	count(&s->packets); /* last: the test waits for it */
	return 1;
}

SEC("netfilter")
int in_netfilter(struct bpf_nf_ctx *ctx)
{
	look(__PKTMETA_SKB(ctx->skb), NETFILTER);
	return 1;
}

/* Drops whatever the test sends. */
SEC("netfilter")
int dropping(struct bpf_nf_ctx *ctx)
{
	return !look(__PKTMETA_SKB(ctx->skb), NETFILTER);
}

SEC("cgroup_skb/ingress")
int to_cgroup(struct __sk_buff *ctx)
{
	look(__PKTMETA_SKB(ctx), CGROUP);
	return 1;
}

SEC("cgroup_skb/egress")
int from_cgroup(struct __sk_buff *ctx)
{
	look(__PKTMETA_SKB(ctx), CGROUP);
	return 1;
}

SEC("cgroup_skb/ingress")
int beside(struct __sk_buff *ctx)
{
	look(__PKTMETA_SKB(ctx), BESIDE);
	return 1;
}

/* Drops whatever the test sends. */
SEC("cgroup/skb")
int dropping_at_cgroup(struct __sk_buff *ctx)
{
	return !look(__PKTMETA_SKB(ctx), CGROUP);
}

char _license[] SEC("license") = "Dual BSD/GPL";
