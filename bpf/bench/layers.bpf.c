// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * One u64, f2, got from a packet in a loop: by the context's pointers, as TC programs do, and out of the kernel's
 * memory by <pktmeta/skb.bpf.h>, as programs of all other layers do. Each packet is opened anew. All hand the packet
 * on, and count those of which each value was right.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/skb.bpf.h>

#include "bench_fields.bpf.h"
#include "counts.bpf.h"
#include "loop.bpf.h"

PKTMETA_FIELD(__u64, f2);

#define LAYER_PROGRAM(name, cursor, open, get) \
	SEC("tc") int name(struct __sk_buff *skb) \
	{ \
		BENCH_LOOP(BENCH_LOOPS(1)) \
		{ \
			cursor c; \
			__u64 value = 0; \
			BENCH_NEXT_PACKET(skb, i); \
			if (open(&c, skb) || get || value != BENCH_VALUE(2, __u64)) \
				return BENCH_NEXT; \
		} \
		bench_count(BENCH_RIGHT); \
		return BENCH_NEXT; \
	}

#define LAYER_GET_BOUND PKTMETA_GET(&c, f2, &value)
#define LAYER_GET_BY_ID pktmeta_get(&c, PKTMETA_ID(f2), &value, sizeof(value))

LAYER_PROGRAM(tc_bound, struct pktmeta_bound_cursor, pktmeta_open_bound, LAYER_GET_BOUND)
LAYER_PROGRAM(tc_by_id, struct pktmeta_cursor, pktmeta_open, LAYER_GET_BY_ID)
LAYER_PROGRAM(skb_bound, struct pktmeta_skb_cursor, pktmeta_open_bound_skb, LAYER_GET_BOUND)
LAYER_PROGRAM(skb_by_id, struct pktmeta_skb_cursor, pktmeta_open_skb, LAYER_GET_BY_ID)

SEC("tc")
int empty(struct __sk_buff *skb)
{
	BENCH_LOOP(BENCH_LOOPS(1))
	{
		BENCH_NEXT_PACKET(skb, i);
	}
	bench_count(BENCH_RIGHT);
	return BENCH_NEXT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
