// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Applications that bind a field by name, and keep counts of their own across being loaded anew. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

PKTMETA_FIELD(__u32, shared);

__u64 stamped; /* a global: in a map of the object, too */

SEC("xdp.frags")
int stamp(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;

	pktmeta_open_bound(&c, ctx);
	if (!PKTMETA_SET(&c, shared, 0xc0ffee))
		__atomic_fetch_add(&stamped, 1, __ATOMIC_RELAXED);
	return XDP_PASS;
}

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3); /* right, wrong, refused */
	__type(key, __u32);
	__type(value, __u64);
} outcomes SEC(".maps");

SEC("tc")
int check(struct __sk_buff *skb)
{
	struct pktmeta_bound_cursor c;
	__u32 value, key = 2;
	__u64 *count;

	pktmeta_open_bound(&c, skb);
	if (!PKTMETA_GET(&c, shared, &value))
		key = value != 0xc0ffee;
	count = bpf_map_lookup_elem(&outcomes, &key);
	if (count)
		__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
	return -1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
