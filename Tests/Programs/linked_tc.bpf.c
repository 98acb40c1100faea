// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The other one: the licence is the object's. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define PKTMETA_COUNT
#include <pktmeta/pktmeta.bpf.h>

PKTMETA_FIELD(__u32, first_field);

SEC("tc")
int linked_tc(struct __sk_buff *skb)
{
	struct pktmeta_bound_cursor c;
	__u32 first = 0;

	pktmeta_open_bound(&c, skb);
	if (!PKTMETA_GET(&c, first_field, &first))
		pktmeta_get(&c.cursor, PKTMETA_ID(first_field), &first, sizeof(first));
	skb->mark = first;
	return -1;
}
