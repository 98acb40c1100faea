/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which packet is which: whether the packet at an address is still the one that was followed there.
 *
 * An address alone does not tell: the kernel uses a packet's address again as soon as it is free, often with the same
 * memory, and not every way to free one is told. So packets are told apart by what their network headers say. Of each
 * that is followed it is kept where in its memory the header was, and what it said (struct pktmeta_identity).
 *
 *	the header says the same                    it is the same packet, if the memory is the same or must be another
 *	the old header lies where it was            the same: a tunnel has put a header in front of it, or taken it away
 *	an address or port is another, nothing else the same: NAT, where that can have been since
 *	there is no header to be read               it may be the same
 *	else                                        another one
 *
 * What says the same is another packet all the same where the same one cannot be: see cannot_come().
 *
 * tracer.bpf.c includes this behind what it reads of packets.
 */
#ifndef PKTMETA_IDENTITY_BPF_H
#define PKTMETA_IDENTITY_BPF_H

/* A network header, and what it says. */
struct sight {
	struct headers headers;
	struct addresses addresses;
	struct pktmeta_flow flow;
	struct pktmeta_identity identity;
	__u8 hops;
};

enum sameness {
	IS_ANOTHER,
	IS_SAME,
	MAY_BE_SAME,
};

/* An address and a port in a word. Of IPv4, no two have the same. */
static __always_inline __u64 mixed(const __u32 *address, __u16 port)
{
	const __u64 odd = 0x9e3779b97f4a7c15;
	__u64 high = (__u64)address[0] << 32 | address[1], low = (__u64)address[2] << 32 | address[3];

	return (high * odd + low) * odd + port;
}

/* Up to 8 bytes, and zeros behind those that are there. */
static __always_inline void read_content(PACKET *packet, __u32 offset, __u32 size, struct pktmeta_identity *identity)
{
	const void *from = packet->network + offset;

	if (from >= packet->end)
		return;
	if (size > packet->end - from)
		size = packet->end - from;
	/* The word may reach beyond the packet, never beyond its memory: what is shared by its pieces is behind it. */
	if (size >= sizeof(identity->content)) {
		size = sizeof(identity->content);
		identity->content = __pktmeta_kernel_word(from);
	} else if (size) {
		identity->content = first_bytes(__pktmeta_kernel_word(from), size);
	}
	identity->content_size = size;
}

/* What tells packets of a connection apart: behind the ports, or behind a header of 8 bytes. */
static __always_inline void read_transport(PACKET *packet, __u32 offset, __u32 length,
					   struct pktmeta_identity *identity)
{
	if (identity->protocol == IPPROTO_TCP)
		read_content(packet, offset + 4, 8, identity);
	else if (length > 8)
		read_content(packet, offset + 8, length - 8, identity);
}

static __always_inline void identify_ipv4(struct sight *sight)
{
	const __be16 place = bpf_htons(0x1fff);
	struct iphdr ip;
	__u32 length;

	if (load(&sight->headers, 0, &ip))
		return;
	length = bpf_ntohs(ip.tot_len);
	sight->hops = ip.ttl;
	sight->identity.fragment = (__u32)ip.id << 16 | (ip.frag_off & place);
	/* What is behind the packet's end is the frame's padding, which is cut off later. */
	read_transport(&sight->headers, ip.ihl * 4, length > ip.ihl * 4 ? length - ip.ihl * 4 : 0, &sight->identity);
}

static __always_inline void identify_ipv6(struct sight *sight)
{
	struct ipv6hdr ip;

	if (load(&sight->headers, 0, &ip))
		return;
	sight->hops = ip.hop_limit;
	read_transport(&sight->headers, sizeof(ip), bpf_ntohs(ip.payload_len), &sight->identity);
}

/* Of what is no IP, as ARP, the first bytes have to do. */
static __always_inline void identify_other(struct sight *sight)
{
	load(&sight->headers, 0, &sight->identity.source);
	load(&sight->headers, 8, &sight->identity.destination);
	read_content(&sight->headers, 16, 8, &sight->identity);
}

/* Reads the header that is there, of that type. */
static __attribute__((noinline)) int see_header(struct sight *sight, __be16 ethertype)
{
	struct pktmeta_identity *identity = &sight->identity;

	read_network(&sight->headers, 0, ethertype, &sight->flow, &sight->addresses);
	if (!ethertype)
		return 0;
	if (ethertype == bpf_htons(ETH_P_IP) || ethertype == bpf_htons(ETH_P_IPV6)) {
		if (!sight->flow.family)
			return 0;
		identity->protocol = sight->flow.protocol;
		identity->source = mixed(sight->addresses.source, sight->flow.source_port);
		identity->destination = mixed(sight->addresses.destination, sight->flow.destination_port);
		if (sight->flow.family == 4)
			identify_ipv4(sight);
		else
			identify_ipv6(sight);
	} else {
		identify_other(sight);
	}
	identity->ethertype = ethertype;
	return 0;
}

/* Reads the packet's network header. */
static __always_inline void see_packet(const struct visit *visit, struct sight *sight)
{
	__u32 offset = 0;
	__be16 ethertype;

	__builtin_memset(sight, 0, sizeof(*sight));
	ethertype = find_headers(visit, &sight->headers, &offset);
	sight->headers.network += offset;
	see_header(sight, ethertype);
}

static __always_inline int is_same_content(const struct pktmeta_identity *one, const struct pktmeta_identity *other)
{
	__u32 size = one->content_size < other->content_size ? one->content_size : other->content_size;
	__u64 differences = one->content ^ other->content;

	if (size < 8)
		differences = size ? first_bytes(differences, size) : 0;
	return !differences && one->fragment == other->fragment && one->protocol == other->protocol &&
	       one->ethertype == other->ethertype;
}

static __always_inline int is_same(const struct pktmeta_identity *one, const struct pktmeta_identity *other)
{
	return one->source == other->source && one->destination == other->destination && is_same_content(one, other);
}

/* Whether the header that was followed lies there now. */
static __attribute__((noinline)) int has_old_header(const struct pktmeta_followed *followed, const void *network,
						    const void *end)
{
	struct sight sight = {.headers = {network, end}};

	see_header(&sight, followed->identity.ethertype);
	return is_same(&sight.identity, &followed->identity);
}

static __always_inline int is_sent(__u8 station)
{
	return station == PKTMETA_STATION_QUEUE || station == PKTMETA_STATION_TRANSMIT;
}

static __always_inline int is_received(__u8 station)
{
	return station == PKTMETA_STATION_GRO || station == PKTMETA_STATION_BACKLOG ||
	       station == PKTMETA_STATION_RECEIVE;
}

/*
 * Whether the old header has gone behind another one, or before the packet's beginning. In a packet it is the packet's
 * own. Before it, memory may still have what another packet left, so it has to be near, and the packet one received.
 */
static __always_inline int is_moved(const struct pktmeta_followed *followed, const struct visit *visit,
				    const struct sight *sight)
{
	const void *skb = visit->skb, *head = MEMBER(skb, head), *data = MEMBER(skb, data);
	const void *inner = head + MEMBER(skb, inner_network_header), *old = head + followed->network;
	const __u32 headers_max = 256;

	if ((old >= data || !is_sent(visit->station)) && sight->headers.network - old < headers_max &&
	    has_old_header(followed, old, sight->headers.end))
		return 1;
	/* Where a tunnel has made room, it says where the header is now. */
	return is_sent(visit->station) && inner > data && has_old_header(followed, inner, sight->headers.end);
}

/* Whether it was received and not sent since: no other that was received gets here without having been seen there. */
static __always_inline int has_come_through(const struct pktmeta_followed *followed, const struct visit *visit)
{
	return followed->received_by && !is_received(visit->station) && MEMBER(visit->skb, skb_iif);
}

/*
 * Whether the packet is the same but for its source or destination. NAT is done on the way from where a packet is
 * received to where it is sent, or before it is sent first: never between sending and receiving.
 */
static __always_inline int is_translated(const struct pktmeta_followed *followed, const struct visit *visit,
					 const struct sight *sight)
{
	const struct pktmeta_identity *now = &sight->identity, *then = &followed->identity;

	if (is_sent(followed->station) || is_received(visit->station) || !is_same_content(now, then))
		return 0;
	return now->source == then->source || now->destination == then->destination ||
	       has_come_through(followed, visit);
}

/*
 * Whether it cannot be the packet that was followed, though it says the same. What an application has read goes nowhere
 * any more but to be read again; no interface brings a packet twice that has not been sent in between; what was
 * received is never one of the host's own, unless a tunnel has sent it; and no packet gets hops back.
 */
static __always_inline int cannot_come(const struct pktmeta_followed *followed, const struct visit *visit,
				       const struct sight *sight)
{
	const void *skb = visit->skb;

	if (followed->is_read)
		return !visit->is_read && visit->station != PKTMETA_STATION_FREED &&
		       visit->station != PKTMETA_STATION_DROPPED;
	if (sight->hops > followed->hops && is_same(&sight->identity, &followed->identity))
		return 1;
	switch (visit->station) {
	case PKTMETA_STATION_GRO:
		return followed->merged_by == (__u64)MEMBER(skb, dev);
	case PKTMETA_STATION_RECEIVE:
		return followed->received_by == (__u64)MEMBER(skb, dev);
	case PKTMETA_STATION_QUEUE:
	case PKTMETA_STATION_TRANSMIT:
		return (followed->merged_by || followed->received_by) && !MEMBER(skb, skb_iif);
	}
	return 0;
}

/*
 * How sure it is that a packet that says the same is the same: the kernel may have given the packet a larger memory, or
 * the address to another one.
 */
static __always_inline enum sameness likeness(const struct pktmeta_followed *followed, const struct visit *visit)
{
	if (followed->head == (__u64)MEMBER(visit->skb, head) || has_come_through(followed, visit))
		return IS_SAME;
	return MAY_BE_SAME;
}

/* Whether the packet is the one that was followed at its address. */
static __always_inline enum sameness compare(const struct pktmeta_followed *followed, const struct visit *visit,
					     const struct sight *sight)
{
	if (cannot_come(followed, visit, sight))
		return IS_ANOTHER;
	if (sight->identity.ethertype && is_same(&sight->identity, &followed->identity))
		return likeness(followed, visit);
	/* What is no packet of the network's, as one between processes of this host. */
	if (!MEMBER(visit->skb, protocol))
		return IS_ANOTHER;
	if (!followed->identity.ethertype)
		return MAY_BE_SAME;
	if (is_moved(followed, visit, sight))
		return likeness(followed, visit);
	if (!sight->identity.ethertype)
		return MAY_BE_SAME;
	return is_translated(followed, visit, sight) ? likeness(followed, visit) : IS_ANOTHER;
}

/* Keeps what tells the packet from others that come later. */
static __always_inline void remember(struct pktmeta_followed *followed, const struct visit *visit,
				     const struct sight *sight)
{
	const void *skb = visit->skb, *head = MEMBER(skb, head);

	switch (visit->station) {
	case PKTMETA_STATION_GRO:
		followed->merged_by = (__u64)MEMBER(skb, dev);
		break;
	case PKTMETA_STATION_RECEIVE:
		followed->received_by = (__u64)MEMBER(skb, dev);
		break;
	case PKTMETA_STATION_TRANSMIT:
		followed->merged_by = followed->received_by = 0;
		break;
	}
	followed->station = visit->station;
	followed->is_read = visit->is_read;
	if (!sight->identity.ethertype)
		return;
	followed->identity = sight->identity;
	followed->hops = sight->hops;
	followed->network = sight->headers.network - head;
}

#endif /* PKTMETA_IDENTITY_BPF_H */
