// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Stores the numbers of packets that have an even one under the packets' addresses, and looks for those of all. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct stored {
	__u32 number;
};

#define SKB_MAP_VALUES struct stored
#include "../../bpf/encodings/skb_map.bpf.h"

enum {
	OWN,      /* packets that found their number */
	ANOTHERS, /* packets that found another's */
	NOTHING,
	STORED,    /* at an address without an entry */
	OVERTAKEN, /* in the place of an earlier packet's */
	COUNTS,
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

static __always_inline void count(__u32 slot)
{
	__u64 *value = bpf_map_lookup_elem(&counts, &slot);

	if (value)
		__sync_fetch_and_add(value, 1);
}

/* The first word of a UDP packet to the tests' port; -1 if it is another packet. */
static __always_inline __s64 number(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct iphdr *ip = data + ETH_HLEN;
	struct udphdr *udp = (void *)(ip + 1);
	__u32 *word = (void *)(udp + 1);

	if ((void *)(word + 1) > end || skb->protocol != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_UDP ||
	    udp->dest != bpf_htons(4739))
		return -1;
	return *word;
}

SEC("tc")
int store_even(struct __sk_buff *skb)
{
	__s64 own = number(skb);
	struct stored stored = {.number = own};
	int err;

	if (own < 0 || own & 1)
		return -1; /* TCX_NEXT */
	err = skb_map_store(skb, &stored);
	if (!err)
		count(STORED);
	else if (err == -EEXIST)
		count(OVERTAKEN);
	return -1;
}

SEC("tc")
int find(struct __sk_buff *skb)
{
	__s64 own = number(skb);
	struct stored *stored;

	if (own < 0)
		return -1;
	stored = skb_map_find(skb);
	count(!stored ? NOTHING : stored->number == own ? OWN : ANOTHERS);
	return 2; /* TC_ACT_SHOT */
}

char _license[] SEC("license") = "Dual BSD/GPL";
