// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Writes into the registry, as no program should: what is kept of a map that can be opened to read only. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <pktmeta/pktmeta.bpf.h>

SEC("socket")
int vandal(struct __sk_buff *skb)
{
	__u32 zero = 0;
	__u64 *words = bpf_map_lookup_elem(&pktmeta_fields, &zero);

	if (!words)
		return 0;
	words[0] = 0;
	return 1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
