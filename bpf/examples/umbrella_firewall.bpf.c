// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Umbrella keeps tenants from the host that have not paid. Who a packet is from, Acme has said as it came in
 * (acme_ingress.bpf.c); netfilter gets it once connection tracking and the host's own rules have had it, or in front of
 * these.
 *
 *	clang -O2 -g -target bpf -mcpu=v3 -I bpf/include -I /usr/include/$(uname -m)-linux-gnu \
 *		-c bpf/examples/umbrella_firewall.bpf.c -o umbrella_firewall.bpf.o
 *	pktmeta attach-to-netfilter umbrella_firewall.bpf.o --hook input --hook forward
 *	bpftool map update pinned .../maps/blocked_tenants key 2 0 0 0 value 1
 *
 * where pktmeta status tells the folder of maps, of which each hook has its own.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/skb.bpf.h>

#define DROP 0   /* NF_DROP of linux/netfilter.h */
#define ACCEPT 1 /* NF_ACCEPT */

/* What a netfilter program gets; no header that user space has knows it. */
struct bpf_nf_ctx {
	const struct nf_hook_state *state;
	struct sk_buff *skb;
};

PKTMETA_FIELD(__u32, tenant);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u8);
} blocked_tenants SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} dropped_packets SEC(".maps");

SEC("netfilter")
int umbrella_firewall(struct bpf_nf_ctx *ctx)
{
	struct pktmeta_skb_cursor c;
	__u32 zero = 0, tenant = 0;
	__u64 *dropped;

	pktmeta_open_bound_skb(&c, ctx->skb);
	/* A packet that nobody has said anything of is none of a tenant's: the host's own, for example. */
	if (PKTMETA_GET(&c, tenant, &tenant) || !bpf_map_lookup_elem(&blocked_tenants, &tenant))
		return ACCEPT;
	dropped = bpf_map_lookup_elem(&dropped_packets, &zero);
	if (dropped)
		__atomic_fetch_add(dropped, 1, __ATOMIC_RELAXED);
	return DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
