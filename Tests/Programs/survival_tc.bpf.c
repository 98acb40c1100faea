// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Reads the field. There is no write in it, so that it does not lose the area of a packet that a tap has seen. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#include "survival.bpf.h"

struct seen {
	__u64 packets;
	__u64 opened;
	__u64 right;
	__u64 wrong; /* a value, but not this packet's */
	__u64 fault; /* get: -EFAULT */
	__u64 no_entry;
	__u64 other;
	__u64 merged;      /* of several packets, by GRO */
	__u64 metadata;    /* there is some, ours or not */
	__u64 headless;    /* begins with the IP header */
	__u64 wrong_value; /* the last one */
	__u64 stamped;     /* has its area's stamp where an earlier packet's was */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct seen);
} seen SEC(".maps");

const volatile __u32 stamp_at = 0;     /* bytes from the start: where an earlier packet's area may have ended */
const volatile __u8 only_protocol = 0; /* of IP, of Ethernet packets that are looked at; 0: any */

#define IP_PROTOCOL 23 /* bytes from the link-layer header on */

static __always_inline int is_wanted(struct __sk_buff *skb)
{
	__u8 protocol = 0;

	return !only_protocol || (!bpf_skb_load_bytes(skb, IP_PROTOCOL, &protocol, 1) && protocol == only_protocol);
}

static __always_inline void count(__u64 *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static __always_inline void count_get(struct seen *s, int err, __u64 value, __u8 marker)
{
	if (err == -EFAULT) {
		count(&s->fault);
	} else if (err == -ENOENT) {
		count(&s->no_entry);
	} else if (err) {
		count(&s->other);
	} else if (value == (SURVIVOR | marker)) {
		count(&s->right);
	} else {
		s->wrong_value = value;
		count(&s->wrong);
	}
}

SEC("tc")
int read(struct __sk_buff *skb)
{
	struct pktmeta_cursor c;
	__u32 key = 0;
	__u64 value = 0, trailer = 0;
	__u8 marker = 0, first = 0;
	struct seen *s = bpf_map_lookup_elem(&seen, &key);

	if (!s || !is_wanted(skb) || bpf_skb_load_bytes(skb, marker_offset(skb->len), &marker, 1))
		return -1;
	if (!pktmeta_open(&c, skb))
		count(&s->opened);
	count_get(s, pktmeta_get(&c, survivor_id, &value, sizeof(value)), value, marker);
	if ((void *)(long)skb->data_meta + 1 <= (void *)(long)skb->data)
		count(&s->metadata);
	if (!bpf_skb_load_bytes(skb, 0, &first, 1) && first == 0x45)
		count(&s->headless);
	if (c.is_open && !bpf_skb_load_bytes(skb, stamp_at, &trailer, sizeof(trailer)) &&
	    pktmeta_trailer_stamp(trailer) == c.stamp)
		count(&s->stamped);
	if (skb->gso_segs > 1)
		count(&s->merged);
	count(&s->packets); /* last: the test waits for it */
	return -1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
