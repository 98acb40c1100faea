// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Hands packets to an application by AF_XDP (xsk_reader.c): those to UDP port 4739 over IPv4. It is the last of a
 * chain, behind the programs that set fields:
 *
 *	pktmeta attach-to-interface eth0 --xdp prebuilt --xdp to_xsk.bpf.o --tc none
 *
 * The application puts its socket into the map xsks, by the queue; `pktmeta status` says where that is pinned. The map
 * stays the same when the chain is loaded anew. Which packets these are is the application's affair: ARP and the like
 * have to get to the kernel, or nobody finds the host any more.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#define PORT 4739

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 64); /* queues */
	__type(key, __u32);
	__type(value, __u32);
} xsks SEC(".maps");

static __always_inline int is_meant(struct xdp_md *ctx)
{
	struct {
		struct ethhdr ethernet;
		struct iphdr ip;
		struct udphdr udp;
	} __attribute__((packed)) *packet = __PKTMETA_POINTER(ctx, data);
	void *end = __PKTMETA_POINTER(ctx, data_end);

	if ((void *)(packet + 1) > end)
		return 0;
	return packet->ethernet.h_proto == bpf_htons(ETH_P_IP) && packet->ip.ihl == 5 &&
	       packet->ip.protocol == IPPROTO_UDP && packet->udp.dest == bpf_htons(PORT);
}

SEC("xdp.frags")
int to_xsk(struct xdp_md *ctx)
{
	/* A queue that no socket is bound to hands its packets to the kernel. */
	if (is_meant(ctx))
		return bpf_redirect_map(&xsks, ctx->rx_queue_index, XDP_PASS);
	return pktmeta_next(ctx, XDP_PASS);
}

char _license[] SEC("license") = "Dual BSD/GPL";
