// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Gets a field of each packet to a port at netfilter and at a cgroup, by its id and bound. All bytes of a packet's
 * payload are its number, and the field is that too (skb_places.bpf.c sets it).
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/skb.bpf.h>

#define PORT 4739

PKTMETA_FIELD(__u64, number);

struct bpf_nf_ctx {
	const struct nf_hook_state *state;
	struct sk_buff *skb;
};

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

struct sk_buff___place {
	unsigned char *head;
	__u16 network_header;
} __attribute__((preserve_access_index));

/* The packet's number; negative: it is none of the test's, UDP over IPv4 to the port. */
static __always_inline int number_of(const void *skb)
{
	const unsigned char *head = __PKTMETA_KERNEL_MEMBER(struct sk_buff___place, skb, head);
	__u16 network_header = __PKTMETA_KERNEL_MEMBER(struct sk_buff___place, skb, network_header);
	struct {
		__u8 version, tos, rest[7], protocol, addresses[10];
		__be16 source, destination, length, checksum;
		__u8 payload[4];
	} packet;

	bpf_probe_read_kernel(&packet, sizeof(packet), head + network_header);
	if (packet.version != 0x45 || packet.protocol != IPPROTO_UDP || packet.destination != bpf_htons(PORT))
		return -1;
	return packet.payload[0];
}

static __always_inline void count(__u64 *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
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
