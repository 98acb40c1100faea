// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Counts packets to a UDP port at TC, and lets the next program have them. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counted SEC(".maps");

static __always_inline int count(struct __sk_buff *skb, int verdict)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct iphdr *ip = data + ETH_HLEN;
	struct udphdr *udp = (void *)(ip + 1);
	__u32 key = 0;
	__u64 *value = bpf_map_lookup_elem(&counted, &key);

	if (value && (void *)(udp + 1) <= end && skb->protocol == bpf_htons(ETH_P_IP) && ip->protocol == IPPROTO_UDP &&
	    udp->dest == bpf_htons(4739))
		__sync_fetch_and_add(value, 1);
	return verdict;
}

SEC("tc")
int count_and_go_on(struct __sk_buff *skb)
{
	return count(skb, -1); /* TC_ACT_UNSPEC: the next filter */
}

/* Another program with the same map. */
SEC("tc")
int count_and_end(struct __sk_buff *skb)
{
	return count(skb, 0); /* TC_ACT_OK: no further filter */
}

char _license[] SEC("license") = "Dual BSD/GPL";
