// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Writes by cursors that have become old: the packet was moved between open and the write, and is moved back behind it.
 * The kernel does not move the area along, and where a write uses no packet pointer the verifier sees nothing.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#include "reports.bpf.h"

#ifndef ADJUST_ROOM_KEEPS_CHECKSUM /* bpf_skb_adjust_room() in linux/bpf.h */
#define ADJUST_ROOM_KEEPS_CHECKSUM BPF_F_ADJ_ROOM_NO_CSUM_RESET
#endif

PKTMETA_FIELD(__u64, second_field);

SEC("xdp.frags")
int in_xdp(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;
	__u32 first = 1;

	pktmeta_open_bound(&c, ctx);
	pktmeta_set(&c.cursor, PKTMETA_ID(first_field), &first, sizeof(first));
	PKTMETA_SET(&c, second_field, 2);
	return XDP_PASS;
}

static __always_inline int write_by_old(struct __sk_buff *skb, struct report *report, struct pktmeta_cursor *by_id,
					struct pktmeta_bound_cursor *bound)
{
	__u32 first = 0xdeadbeef;

	report->set[0] = pktmeta_set(by_id, PKTMETA_ID(first_field), &first, sizeof(first));
	report->set[1] = PKTMETA_SET(bound, second_field, 0x1122334455667788);
	report->got[0] = pktmeta_clear(by_id, PKTMETA_ID(first_field));
	report->got[1] = PKTMETA_CLEAR(bound, second_field);
	return 0;
}

#define WRITE_BETWEEN(name, away, back) \
	SEC("tc") \
	int name(struct __sk_buff *skb) \
	{ \
		struct report *report = the_report(IN_TC); \
		struct pktmeta_bound_cursor bound; \
		struct pktmeta_cursor by_id; \
\
		if (!report) \
			return -1; \
		report->opened = pktmeta_open(&by_id, skb); \
		report->opened |= pktmeta_open_bound(&bound, skb); \
		report->loops = !(away); \
		write_by_old(skb, report, &by_id, &bound); \
		report->loops += !(back); \
		report->runs++; \
		return -1; \
	}

WRITE_BETWEEN(by_vlan_tags,
	      bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 1) || bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 2),
	      bpf_skb_vlan_pop(skb) || bpf_skb_vlan_pop(skb))
WRITE_BETWEEN(by_room, bpf_skb_adjust_room(skb, 2, BPF_ADJ_ROOM_MAC, ADJUST_ROOM_KEEPS_CHECKSUM),
	      bpf_skb_adjust_room(skb, -2, BPF_ADJ_ROOM_MAC, ADJUST_ROOM_KEEPS_CHECKSUM))
WRITE_BETWEEN(by_head, bpf_skb_change_head(skb, 16, 0), 0)

/* Behind one of these: what the packet carries then. */
SEC("tc")
int look(struct __sk_buff *skb)
{
	struct report *report = the_report(IN_XDP); /* the other place, as nothing in XDP reports here */
	struct pktmeta_cursor c;

	if (!report)
		return -1;
	report->opened = pktmeta_open(&c, skb);
	report->got[0] = pktmeta_get(&c, PKTMETA_ID(first_field), &report->first, sizeof(report->first));
	report->got[1] = pktmeta_get(&c, PKTMETA_ID(second_field), &report->second, sizeof(report->second));
	report->runs++;
	return -1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
