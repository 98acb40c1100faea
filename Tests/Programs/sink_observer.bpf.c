// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What lies around the consumer: one program gives mark, priority and queue a known value, another reads them. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct observation {
	__u32 packets;
	__u32 mark;
	__u32 priority;
	__u32 queue_mapping;
	__u32 hash;
	__u32 vlan_present;
	__u32 vlan_tci;
	__u32 vlan_proto;
	__u64 tstamp;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct observation);
} observed SEC(".maps");

SEC("tc")
int preset(struct __sk_buff *ctx)
{
	volatile struct __sk_buff *skb = ctx; /* two stores merged into one are no context access */

	skb->mark = 0xa5a5a5a5;
	skb->priority = 5;
	skb->queue_mapping = 6;
	return -1;
}

SEC("tc")
int observe(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct observation *observation = bpf_map_lookup_elem(&observed, &key);

	if (observation) {
		__atomic_fetch_add(&observation->packets, 1, __ATOMIC_RELAXED);
		observation->mark = skb->mark;
		observation->priority = skb->priority;
		observation->queue_mapping = skb->queue_mapping;
		observation->hash = skb->hash;
		observation->vlan_present = skb->vlan_present;
		observation->vlan_tci = skb->vlan_tci;
		observation->vlan_proto = skb->vlan_proto;
		observation->tstamp = skb->tstamp;
	}
	return -1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
