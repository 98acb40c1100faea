// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Acme runs the edge of a hosting company. It alone knows whose a packet is: customers have a /24 each. It says so on
 * each packet, for whoever comes later, and gives some packets an id that can be followed through all services.
 *
 *	clang -O2 -g -target bpf -mcpu=v3 -I bpf/include -I /usr/include/$(uname -m)-linux-gnu \
 *		-c bpf/examples/acme_ingress.bpf.c -o acme_ingress.bpf.o
 *	pktmeta register-field tenant --type u32 --owner acme
 *	pktmeta register-field trace_id --type bytes:8 --owner acme
 *	pktmeta attach-to-interface eth0 --xdp acme_ingress.bpf.o --tc none
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

/* A value that differs from packet to packet keeps GRO from merging them, so few packets have one. */
#define TRACE_ONE_IN 8

struct trace_id {
	__u32 random[2];
};

PKTMETA_FIELD(__u32, tenant);
PKTMETA_FIELD(struct trace_id, trace_id);

/* The customer's number, from the sender's /24; -1 if that is not IPv4. */
static __always_inline int tenant_of(struct xdp_md *ctx, __u32 *tenant)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return -1;
	*tenant = bpf_ntohl(ip->saddr) >> 8 & 0xffff;
	return 0;
}

SEC("xdp.frags")
int acme_ingress(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;
	__u32 tenant;

	/* The packet is read first: open moves its start, and pointers into it are lost. */
	if (tenant_of(ctx, &tenant) || pktmeta_open_bound(&c, ctx))
		return pktmeta_next(ctx, XDP_PASS);
	PKTMETA_SET(&c, tenant, tenant);
	if (bpf_get_prandom_u32() % TRACE_ONE_IN == 0) {
		struct trace_id id = {};

		id.random[0] = bpf_get_prandom_u32();
		id.random[1] = bpf_get_prandom_u32();
		PKTMETA_SET(&c, trace_id, id);
	}
	return pktmeta_next(ctx, XDP_PASS);
}

char _license[] SEC("license") = "Dual BSD/GPL";
