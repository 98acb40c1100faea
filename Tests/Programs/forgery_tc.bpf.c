// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Reads a field that nobody sets, by id and bound: each value that it gets is forged. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

PKTMETA_FIELD(__u16, tenant);

const volatile __u16 wanted_value = 0; /* what the sender wants the reader to get */

struct seen {
	__u64 metadata; /* packets for which the kernel says that there is some */
	__u64 by_id;    /* values */
	__u64 bound;
	__u64 wanted; /* values that are what the sender wanted */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct seen);
} seen SEC(".maps");

static __always_inline void count(__u64 *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static __always_inline void count_value(struct seen *s, __u64 *values, __u16 value)
{
	count(values);
	if (value == wanted_value)
		count(&s->wanted);
}

SEC("tc")
int read_forged(struct __sk_buff *skb)
{
	struct pktmeta_bound_cursor bound;
	struct pktmeta_cursor c;
	__u32 key = 0;
	__u16 value = 0;
	struct seen *s = bpf_map_lookup_elem(&seen, &key);

	if (!s || (void *)(long)skb->data_meta + 64 > (void *)(long)skb->data)
		return 2;
	pktmeta_open(&c, skb);
	if (!pktmeta_get(&c, PKTMETA_ID(tenant), &value, sizeof(value)))
		count_value(s, &s->by_id, value);
	pktmeta_open_bound(&bound, skb);
	if (!PKTMETA_GET(&bound, tenant, &value))
		count_value(s, &s->bound, value);
	count(&s->metadata); /* last: the test waits for it */
	return 2;            /* TC_ACT_SHOT: nobody wants the packet */
}

char _license[] SEC("license") = "Dual BSD/GPL";
