// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Hooli bills its tenants by service: each service is a cgroup, and what it receives is counted for the tenant that
 *Acme has said the packet is from (acme_ingress.bpf.c).
 *
 *	clang -O2 -g -target bpf -mcpu=v3 -I bpf/include -I /usr/include/$(uname -m)-linux-gnu \
 *		-c bpf/examples/hooli_accounting.bpf.c -o hooli_accounting.bpf.o
 *	pktmeta attach-to-cgroup /sys/fs/cgroup/system.slice --ingress hooli_accounting.bpf.o
 *	bpftool map dump pinned .../maps/received
 *
 * where pktmeta status tells the folder of maps. The number of a cgroup is that of its folder's inode: stat -c %i.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/skb.bpf.h>

#define PASS 1

PKTMETA_FIELD(__u32, tenant);

struct account {
	__u64 cgroup;
	__u32 tenant; /* all ones: nobody has said whose the packet is */
	__u32 pad;
};

struct sum {
	__u64 packets;
	__u64 bytes; /* of the network layer */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct account);
	__type(value, struct sum);
} received SEC(".maps");

SEC("cgroup_skb/ingress")
int hooli_accounting(struct __sk_buff *skb)
{
	struct account account = {.cgroup = bpf_skb_cgroup_id(skb)};
	struct pktmeta_skb_cursor c;
	struct sum *sum, none = {};

	pktmeta_open_bound_skb(&c, skb);
	if (PKTMETA_GET(&c, tenant, &account.tenant))
		account.tenant = ~0U;
	bpf_map_update_elem(&received, &account, &none, BPF_NOEXIST);
	sum = bpf_map_lookup_elem(&received, &account);
	if (sum) {
		__atomic_fetch_add(&sum->packets, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&sum->bytes, skb->len, __ATOMIC_RELAXED);
	}
	return PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
