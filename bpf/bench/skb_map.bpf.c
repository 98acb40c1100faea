// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* A hash map keyed by the kernel's packet. Besides live_set and live_get, it has the tracepoints of skb_map.bpf.h. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "skb_values.bpf.h"

#define SKB_MAP_VALUES struct skb_values
#include "../encodings/skb_map.bpf.h"

SEC("tc")
int live_set(struct __sk_buff *skb)
{
	struct skb_values values;
	int err;

	/* With the padding, which goes into the map too. */
	__builtin_memset(&values, 0, sizeof(values));
	skb_values_set(&values);
	err = skb_map_store(skb, &values);
	if (err == -EEXIST)
		bench_count(BENCH_OVERTAKEN);
	else if (err)
		bench_count(BENCH_REFUSED);
	return BENCH_NEXT;
}

SEC("tc")
int live_get(struct __sk_buff *skb)
{
	return skb_values_count(skb_map_find(skb));
}

char _license[] SEC("license") = "Dual BSD/GPL";
