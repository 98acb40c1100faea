/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A hash map beside the packet, keyed by addresses, protocol and ports: what many do for want of metadata.
 *
 *	struct flow_map_cursor c;
 *
 *	err = flow_map_open(&c, ctx);
 *	err = flow_map_set(&c, 7, &tenant, sizeof(tenant));
 *
 * Include <linux/bpf.h> or vmlinux.h, <bpf/bpf_helpers.h> and <bpf/bpf_endian.h> before this file. Programs that share
 * values share the map flow_map. Fields are numbers from 0 to 31.
 *
 * Open parses the packet's headers, IPv4 and IPv6 without VLAN tags or extension headers, and looks the flow up; it
 * makes the flow if it is not there. Values are the flow's, not the packet's: the next packet of the flow sees them,
 * and two CPUs that have packets of it write over each other. Nothing removes a flow but user space.
 *
 * Checks: that the headers lie in the packet; that open succeeded; that the field is set. Which size a field has:
 * nobody knows.
 *
 *	-ENOENT     there is no such field, 32 or more; (get) the flow does not have it
 *	-EINVAL     the size is not 1, 2, 4 or 8
 *	-EFAULT     the packet has no flow: not IP, or its headers are cut short
 *	-ENOSPC     (open) the map is full
 */
#ifndef ENCODING_FLOW_MAP_BPF_H
#define ENCODING_FLOW_MAP_BPF_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "area.bpf.h"

#ifndef FLOW_MAP_FLOWS
#define FLOW_MAP_FLOWS 16384
#endif

#define FLOW_MAP_FIELDS 32

struct flow_map_key {
	__u32 source[4];
	__u32 destination[4];
	__u32 ports; /* source and destination, as in the packet */
	__u32 protocol;
};

struct flow_map_values {
	__u64 set; /* one bit a field */
	__u64 values[FLOW_MAP_FIELDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FLOW_MAP_FLOWS);
	__type(key, struct flow_map_key);
	__type(value, struct flow_map_values);
} flow_map SEC(".maps");

static const struct flow_map_values flow_map_none;

struct flow_map_cursor {
	struct flow_map_values *flow;
};

static __always_inline int flow_map_ports(struct flow_map_key *key, void *transport, void *end)
{
	if (key->protocol != IPPROTO_TCP && key->protocol != IPPROTO_UDP && key->protocol != IPPROTO_SCTP)
		return 0;
	if (transport + sizeof(key->ports) > end)
		return -EFAULT;
	key->ports = *(__u32 *)transport;
	return 0;
}

static __always_inline int flow_map_parse(struct flow_map_key *key, void *data, void *end)
{
	const __be16 fragment = bpf_htons(0x3fff); /* offset, or more of them */
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct ipv6hdr *ip6 = (void *)(eth + 1);

	if ((void *)(ip + 1) > end)
		return -EFAULT;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		key->source[0] = ip->saddr;
		key->destination[0] = ip->daddr;
		key->protocol = ip->protocol;
		return ip->frag_off & fragment ? 0 : flow_map_ports(key, (void *)ip + ip->ihl * 4, end);
	}
	if (eth->h_proto != bpf_htons(ETH_P_IPV6) || (void *)(ip6 + 1) > end)
		return -EFAULT;
	__builtin_memcpy(key->source, &ip6->saddr, sizeof(key->source));
	__builtin_memcpy(key->destination, &ip6->daddr, sizeof(key->destination));
	key->protocol = ip6->nexthdr;
	return flow_map_ports(key, ip6 + 1, end);
}

static __always_inline int flow_map_open_packet(struct flow_map_cursor *c, void *data, void *end)
{
	struct flow_map_key key = {};
	int err;

	c->flow = NULL;
	err = flow_map_parse(&key, data, end);
	if (err)
		return err;
	c->flow = bpf_map_lookup_elem(&flow_map, &key);
	if (c->flow)
		return 0;
	/* Another CPU may make it at the same time, or the map be full: the look-up tells. */
	bpf_map_update_elem(&flow_map, &key, &flow_map_none, BPF_NOEXIST);
	c->flow = bpf_map_lookup_elem(&flow_map, &key);
	return c->flow ? 0 : -ENOSPC;
}

/* In XDP and at TC alike. */
#define flow_map_open(cursor, ctx) \
	flow_map_open_packet(cursor, (void *)(long)(ctx)->data, (void *)(long)(ctx)->data_end)

static __always_inline int flow_map_check(const struct flow_map_cursor *c, __u32 field, __u32 size)
{
	if (field >= FLOW_MAP_FIELDS)
		return -ENOENT;
	if (!area_is_size(size))
		return -EINVAL;
	return c->flow ? 0 : -EFAULT;
}

static __always_inline int flow_map_set(struct flow_map_cursor *c, __u32 field, const void *value, __u32 size)
{
	int err = flow_map_check(c, field, size);

	if (err)
		return err;
	area_store(&c->flow->values[field], value, size);
	c->flow->set |= 1ULL << field;
	return 0;
}

static __always_inline int flow_map_get(const struct flow_map_cursor *c, __u32 field, void *value, __u32 size)
{
	int err = flow_map_check(c, field, size);

	if (err)
		return err;
	if (!(c->flow->set >> field & 1))
		return -ENOENT;
	area_load(value, &c->flow->values[field], size);
	return 0;
}

#endif /* ENCODING_FLOW_MAP_BPF_H */
