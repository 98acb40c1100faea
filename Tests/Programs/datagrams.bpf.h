/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Packets that are a test's own, UDP over IPv4 to its port, as programs of netfilter and others find them. */
#ifndef DATAGRAMS_BPF_H
#define DATAGRAMS_BPF_H

#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include <pktmeta/skb.bpf.h>

#define PORT 4739

struct bpf_nf_ctx {
	const struct nf_hook_state *state;
	struct sk_buff *skb;
};

struct sk_buff___datagram {
	unsigned char *head;
	__u16 network_header;
} __attribute__((preserve_access_index));

struct datagram {
	__u8 version, tos, rest[7], protocol, addresses[10];
	__be16 source, destination, length, checksum;
	__u32 payload[2];
};

/* Whether the packet is one of the test's. */
static __always_inline int read_datagram(const void *skb, struct datagram *datagram)
{
	const unsigned char *head = __PKTMETA_KERNEL_MEMBER(struct sk_buff___datagram, skb, head);
	__u16 network_header = __PKTMETA_KERNEL_MEMBER(struct sk_buff___datagram, skb, network_header);

	bpf_probe_read_kernel(datagram, sizeof(*datagram), head + network_header);
	return datagram->version == 0x45 && datagram->protocol == IPPROTO_UDP &&
	       datagram->destination == bpf_htons(PORT);
}

static __always_inline void count(__u64 *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

#endif /* DATAGRAMS_BPF_H */
