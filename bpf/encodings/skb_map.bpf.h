/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A hash map beside the packet, keyed by the address of the kernel's packet, its struct sk_buff: what can be had of
 * storage that is local to a packet, which the kernel has for sockets and tasks but not for packets.
 *
 *	struct values { ... };
 *	#define SKB_MAP_VALUES struct values
 *	#include "skb_map.bpf.h"
 *
 *	err = skb_map_store(skb, &values);   at TC
 *	values = skb_map_find(skb);          later at TC; NULL if nothing was stored
 *	free_dropped, free_consumed          programs of raw tracepoints, which remove it as the packet goes
 *
 * Include <linux/bpf.h> or vmlinux.h, and <bpf/bpf_helpers.h>, before this file. Programs that share values share the
 * map skb_map. Needs CAP_PERFMON: addresses are kept. There is nothing for XDP, where packets have no sk_buff yet.
 *
 * Entries go by the two tracepoints, which run for each sk_buff of the host, whoever frees it. The kernel also frees
 * sk_buffs without either: since 6.18 those that are read from a UDP socket on the CPU that allocated them. What was
 * stored for such a packet stays, until the map is full. A later packet at the same address finds it, unless something
 * is stored for that packet first.
 */
#ifndef ENCODING_SKB_MAP_BPF_H
#define ENCODING_SKB_MAP_BPF_H

#include <linux/errno.h>

#ifndef SKB_MAP_PACKETS
#define SKB_MAP_PACKETS 16384
#endif

#ifndef SKB_MAP_TYPE
#define SKB_MAP_TYPE BPF_MAP_TYPE_HASH
#endif

struct {
	__uint(type, SKB_MAP_TYPE);
	__uint(max_entries, SKB_MAP_PACKETS);
	__type(key, __u64);
	__type(value, SKB_MAP_VALUES);
} skb_map SEC(".maps");

/* The context of a TC program is the sk_buff; only accesses to members are rewritten when the program is loaded. */
static __always_inline __u64 skb_map_key(struct __sk_buff *skb)
{
	return (__u64)(long)skb;
}

/*
 * 0; -E2BIG: the map is full; -EEXIST: stored, in the place of what an earlier packet at that address left. Any other
 * is the map's.
 */
static __always_inline int skb_map_store(struct __sk_buff *skb, const SKB_MAP_VALUES *values)
{
	__u64 key = skb_map_key(skb);
	long err = bpf_map_update_elem(&skb_map, &key, values, BPF_NOEXIST);

	if (err != -EEXIST)
		return err;
	err = bpf_map_update_elem(&skb_map, &key, values, BPF_EXIST);
	return err ? err : -EEXIST;
}

static __always_inline SKB_MAP_VALUES *skb_map_find(struct __sk_buff *skb)
{
	__u64 key = skb_map_key(skb);

	return bpf_map_lookup_elem(&skb_map, &key);
}

/* The first argument of both tracepoints is the sk_buff. Those of others are not in the map. */
static __always_inline void skb_map_free(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 key = ctx->args[0];

	bpf_map_delete_elem(&skb_map, &key);
}

SEC("raw_tp/kfree_skb")
int free_dropped(struct bpf_raw_tracepoint_args *ctx)
{
	skb_map_free(ctx);
	return 0;
}

SEC("raw_tp/consume_skb")
int free_consumed(struct bpf_raw_tracepoint_args *ctx)
{
	skb_map_free(ctx);
	return 0;
}

#endif /* ENCODING_SKB_MAP_BPF_H */
