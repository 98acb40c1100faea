/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* How often a program did to a packet what it is for. */
#ifndef SURVIVAL_CHANGED_BPF_H
#define SURVIVAL_CHANGED_BPF_H

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} changed SEC(".maps"); /* packets that it was successful on, and those that it was not */

static __always_inline int done(int failed)
{
	__u32 key = failed != 0;
	__u64 *count = bpf_map_lookup_elem(&changed, &key);

	if (count)
		__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
	return -1; /* TCX_NEXT */
}

#endif
