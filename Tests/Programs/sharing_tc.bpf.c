// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Another one that reads the stamps, compiled apart from the first. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define PKTMETA_COUNT
#include <pktmeta/pktmeta.bpf.h>

SEC("tc")
int read_stamp(struct __sk_buff *skb)
{
	struct pktmeta_cursor c;
	__u32 shared = 0;

	pktmeta_open(&c, skb);
	if (!pktmeta_get(&c, PKTMETA_ID(shared), &shared, sizeof(shared)))
		skb->mark = shared;
	return -1;
}

/* Behind read_stamp on the same hook or in its place: counts packets by whether the mark is the stamp. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} marks SEC(".maps");

SEC("tc")
int read_and_count(struct __sk_buff *skb)
{
	struct pktmeta_cursor c;
	__u32 shared = 0, key;
	__u64 *count;

	pktmeta_open(&c, skb);
	key = !pktmeta_get(&c, PKTMETA_ID(shared), &shared, sizeof(shared)) && shared == 0xc0ffee;
	count = bpf_map_lookup_elem(&marks, &key);
	if (count)
		__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
	return -1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
