// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Globex sells a traffic manager. It gives each tenant a queue and a class of the qdisc, and counts for the bill. Which
 * packet is whose it is told by a field, and does not care who sets that: here Acme, elsewhere someone else.
 *
 *	clang -O2 -g -target bpf -mcpu=v3 -I bpf/include -I /usr/include/$(uname -m)-linux-gnu \
 *		-c bpf/examples/globex_steering.bpf.c -o globex_steering.bpf.o
 *	pktmeta attach-to-interface eth0 --tc globex_steering.bpf.o --xdp none
 *	bpftool map dump name tenant_packets
 *
 * It reads metadata and writes none, so that a packet tap does not take the area away (see the design notes).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#define QUEUES 8
#define HANDLE 0x10000       /* of the qdisc, 1: */
#define NO_TENANT 0xffffffff /* the key that counts packets without one */
#define TCX_NEXT (-1)

PKTMETA_FIELD(__u32, tenant);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64);
} tenant_packets SEC(".maps");

static __always_inline void count(__u32 tenant)
{
	__u64 *packets = bpf_map_lookup_elem(&tenant_packets, &tenant);
	__u64 none = 0;

	if (!packets) {
		/* Fails if another CPU was faster, which is as good. */
		bpf_map_update_elem(&tenant_packets, &tenant, &none, BPF_NOEXIST);
		packets = bpf_map_lookup_elem(&tenant_packets, &tenant);
	}
	if (packets)
		__atomic_fetch_add(packets, 1, __ATOMIC_RELAXED);
}

SEC("tc")
int globex_steering(struct __sk_buff *skb)
{
	struct pktmeta_bound_cursor c;
	__u32 tenant = NO_TENANT;

	pktmeta_open_bound(&c, skb); /* without an area, get says so */
	if (!PKTMETA_GET(&c, tenant, &tenant)) {
		skb->queue_mapping = tenant % QUEUES;
		skb->priority = HANDLE + 1 + tenant % QUEUES; /* class 1:1 to 1:8 */
	}
	count(tenant);
	return TCX_NEXT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
