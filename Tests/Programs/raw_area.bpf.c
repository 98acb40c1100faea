// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Shows a test what lies in front of a packet at TC, whatever it means. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define AREA 64

struct area {
	__u64 runs;
	__u64 words[AREA / 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct area);
} seen SEC(".maps");

SEC("tc")
int look(struct __sk_buff *skb)
{
	void *meta = (void *)(long)skb->data_meta;
	void *data = (void *)(long)skb->data;
	__u32 key = 0;
	struct area *area = bpf_map_lookup_elem(&seen, &key);

	if (!area)
		return -1;
	if (meta + AREA <= data) {
#pragma unroll
		for (int i = 0; i < AREA / 8; i++)
			area->words[i] = ((__u64 *)meta)[i];
	}
	area->runs++;
	return -1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
