// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Each key's offset, for constant keys and for a key that the compiler does not know. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "../../bpf/encodings/keyvalue.bpf.h"

struct offsets {
	__u64 low;
	__u64 high;
	__u32 constant[KEYVALUE_KEYS];
	__u32 variable[KEYVALUE_KEYS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct offsets);
} offsets SEC(".maps");

/* Loaded anew for each key, or the compiler keeps what keys share on the stack, which is too small. */
#define OFFSET(key) keyvalue_offset(*(volatile __u64 *)&o->low, *(volatile __u64 *)&o->high, key)
#define CONSTANT(k) o->constant[k] = OFFSET(k)
#define EIGHT(k) \
	CONSTANT(k); \
	CONSTANT((k) + 1); \
	CONSTANT((k) + 2); \
	CONSTANT((k) + 3); \
	CONSTANT((k) + 4); \
	CONSTANT((k) + 5); \
	CONSTANT((k) + 6); \
	CONSTANT((k) + 7)

SEC("xdp")
int compute(struct xdp_md *ctx)
{
	__u32 slot = 0;
	struct offsets *o = bpf_map_lookup_elem(&offsets, &slot);

	if (!o)
		return XDP_ABORTED;
	EIGHT(0);
	EIGHT(8);
	EIGHT(16);
	EIGHT(24);
	EIGHT(32);
	EIGHT(40);
	EIGHT(48);
	EIGHT(56);
#pragma clang loop unroll(disable)
	for (__u64 k = 0; k < KEYVALUE_KEYS; k++) {
		__u32 key = k;

		asm volatile("" : "+r"(key));
		o->variable[k] = OFFSET(key);
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
