/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A hash of a packet's flow: the same for all packets of one direction of one connection. */
#ifndef PKTMETA_FLOW_HASH_BPF_H
#define PKTMETA_FLOW_HASH_BPF_H

#define VLAN_DEPTH_MAX 2

struct vlan_tag {
	__be16 tci;
	__be16 proto;
};

/* One multiply and fold a word; the odd constant is 2^64 divided by the golden ratio. */
static __always_inline __u64 hash_mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

static __always_inline __u64 hash_ports(__u64 hash, __u8 protocol, void *transport, void *end)
{
	hash = hash_mix(hash, protocol);
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP && protocol != IPPROTO_SCTP)
		return hash;
	if (transport + sizeof(__u32) > end)
		return hash;
	return hash_mix(hash, *(__u32 *)transport);
}

static __always_inline __u64 hash_ipv4(struct iphdr *ip, void *end)
{
	const __be16 fragment = bpf_htons(0x3fff); /* offset or more-fragments */
	__u64 hash;

	if ((void *)(ip + 1) > end || ip->ihl * 4 < sizeof(*ip))
		return 0;
	hash = hash_mix(0, (__u64)ip->saddr << 32 | ip->daddr);
	if (ip->frag_off & fragment) /* only the first has ports, and all must hash alike */
		return hash_mix(hash, ip->protocol);
	return hash_ports(hash, ip->protocol, (void *)ip + ip->ihl * 4, end);
}

static __always_inline __u64 hash_ipv6(struct ipv6hdr *ip, void *end)
{
	__u32 *words = (__u32 *)&ip->saddr; /* and daddr behind it */
	__u64 hash = 0;

	if ((void *)(ip + 1) > end)
		return 0;
#pragma unroll
	for (int i = 0; i < 8; i += 2)
		hash = hash_mix(hash, (__u64)words[i] << 32 | words[i + 1]);
	return hash_ports(hash, ip->nexthdr, ip + 1, end);
}

/* Behind up to two VLAN tags. */
static __always_inline __u64 hash_ethernet(void *data, void *end)
{
	struct ethhdr *eth = data;
	void *network = eth + 1;
	__be16 proto;

	if (network > end)
		return 0;
	proto = eth->h_proto;
#pragma unroll
	for (int i = 0; i < VLAN_DEPTH_MAX; i++) {
		struct vlan_tag *tag = network;

		if (proto != bpf_htons(ETH_P_8021Q) && proto != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(tag + 1) > end)
			return 0;
		proto = tag->proto;
		network = tag + 1;
	}
	if (proto == bpf_htons(ETH_P_IP))
		return hash_ipv4(network, end);
	if (proto == bpf_htons(ETH_P_IPV6))
		return hash_ipv6(network, end);
	return 0;
}

/* Of a packet that begins with the header of IP, whose first bits tell which. */
static __always_inline __u64 hash_network(void *data, void *end)
{
	__u8 *first = data;

	if ((void *)(first + 1) > end)
		return 0;
	switch (*first >> 4) {
	case 4:
		return hash_ipv4(data, end);
	case 6:
		return hash_ipv6(data, end);
	}
	return 0;
}

/*
 * 32 bits over addresses, protocol and, for TCP, UDP and SCTP, ports. Fragments are hashed without ports, IPv6 packets
 * with extension headers too. 0 if the packet is neither IPv4 nor IPv6, or its header is none.
 */
static __always_inline __u32 flow_hash(void *data, void *end, int has_ethernet)
{
	__u64 hash = has_ethernet ? hash_ethernet(data, end) : hash_network(data, end);

	return (__u32)(hash ^ hash >> 32);
}

#endif /* PKTMETA_FLOW_HASH_BPF_H */
