// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Buffers that are found by the packet's mark: what a buffer that hangs off the kernel's packet would cost at least. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "skb_values.bpf.h"
#include "../encodings/skb_buffer.bpf.h"

_Static_assert(sizeof(struct skb_values) <= SKB_BUFFER_SIZE, "the fields fit");

SEC("tc")
int live_set(struct __sk_buff *skb)
{
	struct skb_values *values = skb_buffer_make(skb);

	if (values)
		skb_values_set(values);
	return BENCH_NEXT;
}

SEC("tc")
int live_get(struct __sk_buff *skb)
{
	return skb_values_count(skb_buffer_find(skb));
}

char _license[] SEC("license") = "Dual BSD/GPL";
