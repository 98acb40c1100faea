// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Gives IPv4 UDP packets another source address, as NAT does. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define TCX_NEXT (-1)
#define IP_AT(member) (ETH_HLEN + __builtin_offsetof(struct iphdr, member))
#define UDP_CHECKSUM_AT (ETH_HLEN + sizeof(struct iphdr) + 6)

SEC("tc")
int translating_tc(struct __sk_buff *skb)
{
	const __be32 new = bpf_htonl(0xc0000201 + 76); /* 192.0.2.77 */
	__u16 none = 0;
	__be32 old;
	__u8 protocol;

	if (skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes(skb, IP_AT(protocol), &protocol, sizeof(protocol)) || protocol != IPPROTO_UDP ||
	    bpf_skb_load_bytes(skb, IP_AT(saddr), &old, sizeof(old)))
		return TCX_NEXT;
	bpf_l3_csum_replace(skb, IP_AT(check), old, new, sizeof(new));
	bpf_skb_store_bytes(skb, IP_AT(saddr), &new, sizeof(new), 0);
	bpf_skb_store_bytes(skb, UDP_CHECKSUM_AT, &none, sizeof(none), 0);
	return TCX_NEXT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
