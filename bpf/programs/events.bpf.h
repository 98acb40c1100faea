/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Whose packet it is, and whether it is one of those asked for: what the programs that tell of packets share.
 *
 * Before it includes this, a program defines PACKET, the type of what it has of a packet, and load(packet, offset, to),
 * which copies a header that is so many bytes from where its offsets count, and is not 0 if the packet has not got it.
 */
#ifndef PKTMETA_EVENTS_BPF_H
#define PKTMETA_EVENTS_BPF_H

#include <pktmeta/events.h>

#include "decode.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* the loader makes it as large as the user asks */
} pktmeta_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pktmeta_event_counts);
} pktmeta_seen SEC(".maps");

#define VLAN_DEPTH_MAX 2

/* In network byte order; IPv4 has the first word of each, and zeroes behind it. */
struct addresses {
	__u32 source[4];
	__u32 destination[4];
};

static __always_inline void read_ports(PACKET *packet, __u32 offset, struct pktmeta_flow *flow)
{
	struct {
		__be16 source, destination;
	} ports;

	if (flow->protocol != IPPROTO_TCP && flow->protocol != IPPROTO_UDP && flow->protocol != IPPROTO_SCTP)
		return;
	if (load(packet, offset, &ports))
		return;
	flow->source_port = bpf_ntohs(ports.source);
	flow->destination_port = bpf_ntohs(ports.destination);
}

static __always_inline void read_ipv4(PACKET *packet, __u32 offset, struct pktmeta_flow *flow,
				      struct addresses *addresses)
{
	const __be16 later_fragment = bpf_htons(0x1fff);
	struct iphdr ip;

	if (load(packet, offset, &ip) || ip.version != 4 || ip.ihl * 4 < sizeof(ip))
		return;
	flow->family = 4;
	flow->protocol = ip.protocol;
	addresses->source[0] = ip.saddr;
	addresses->destination[0] = ip.daddr;
	if (!(ip.frag_off & later_fragment))
		read_ports(packet, offset + ip.ihl * 4, flow);
}

static __always_inline void read_ipv6(PACKET *packet, __u32 offset, struct pktmeta_flow *flow,
				      struct addresses *addresses)
{
	struct ipv6hdr ip;

	if (load(packet, offset, &ip) || ip.version != 6)
		return;
	flow->family = 6;
	flow->protocol = ip.nexthdr;
	__builtin_memcpy(addresses->source, &ip.saddr, sizeof(addresses->source));
	__builtin_memcpy(addresses->destination, &ip.daddr, sizeof(addresses->destination));
	read_ports(packet, offset + sizeof(ip), flow);
}

/* The EtherType behind VLAN tags, and where what it is of begins; 0 if the packet ends in a tag. */
static __always_inline __be16 skip_tags(PACKET *packet, __be16 ethertype, __u32 *offset)
{
#pragma unroll
	for (int i = 0; i < VLAN_DEPTH_MAX; i++) {
		if (ethertype != bpf_htons(ETH_P_8021Q) && ethertype != bpf_htons(ETH_P_8021AD))
			break;
		/* The tag is the TCI, which is of no interest here, and the next type. */
		if (load(packet, *offset + 2, &ethertype))
			return 0;
		*offset += 4;
	}
	return ethertype;
}

/* What is at the network header, which the offset leads to. */
static __always_inline void read_network(PACKET *packet, __u32 offset, __be16 ethertype, struct pktmeta_flow *flow,
					 struct addresses *addresses)
{
	flow->ethertype = bpf_ntohs(ethertype);
	if (ethertype == bpf_htons(ETH_P_IP))
		read_ipv4(packet, offset, flow, addresses);
	else if (ethertype == bpf_htons(ETH_P_IPV6))
		read_ipv6(packet, offset, flow, addresses);
}

static __always_inline int is_within(const __u32 *address, const volatile struct pktmeta_prefix *prefix)
{
	__u32 differences = 0;

#pragma unroll
	for (int i = 0; i < 4; i++)
		differences |= (address[i] ^ prefix->address[i]) & prefix->mask[i];
	return !differences;
}

static __always_inline int matches_flow(const struct pktmeta_flow *flow, const struct addresses *addresses,
					const volatile struct pktmeta_filter *filter)
{
	if (filter->family && flow->family != filter->family)
		return 0;
	if (filter->has_protocol && (!flow->family || flow->protocol != filter->protocol))
		return 0;
	if (filter->source_port && flow->source_port != filter->source_port)
		return 0;
	if (filter->destination_port && flow->destination_port != filter->destination_port)
		return 0;
	if (filter->has_source && !is_within(addresses->source, &filter->source))
		return 0;
	return !filter->has_destination || is_within(addresses->destination, &filter->destination);
}

/* Whether a value that the packet carries is as the condition asks: other bytes than the condition's, and that number.
 */
static __always_inline int is_as_asked(const volatile struct pktmeta_condition *condition, int differs, __u64 number)
{
	switch (condition->comparison) {
	case PKTMETA_COMPARE_EQUAL:
		return !differs;
	case PKTMETA_COMPARE_NOT_EQUAL:
		return differs;
	case PKTMETA_COMPARE_LESS:
		return number < condition->number;
	case PKTMETA_COMPARE_AT_MOST:
		return number <= condition->number;
	case PKTMETA_COMPARE_MORE:
		return number > condition->number;
	case PKTMETA_COMPARE_AT_LEAST:
		return number >= condition->number;
	}
	return 1; /* PKTMETA_COMPARE_SET */
}

/* Says whether the reader is to be woken for an event, which it is at the latest for the last of so many. */
static __always_inline __u64 wake_up(struct pktmeta_event_counts *counts, __u64 time, __u32 latest)
{
	counts->unwoken++;
	if (time - counts->woken < PKTMETA_WAKE_INTERVAL && counts->unwoken < latest)
		return BPF_RB_NO_WAKEUP;
	counts->woken = time;
	counts->unwoken = 0;
	return BPF_RB_FORCE_WAKEUP;
}

#endif /* PKTMETA_EVENTS_BPF_H */
