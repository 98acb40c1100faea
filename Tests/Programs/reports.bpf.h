/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What programs of a test saw, one report a hook. */
#ifndef REPORTS_BPF_H
#define REPORTS_BPF_H

enum report_of {
	IN_XDP,
	IN_TC,
	REPORTS,
};

struct report {
	__u32 runs;
	__s32 opened;
	__s32 set[2]; /* what calls returned, of the first field and the second */
	__s32 got[2];
	__u64 second;
	__u32 first;
	__u32 loops; /* callbacks in which all calls returned 0 */
	__s32 last_got;
	__u32 last; /* the first field at the end */
	__s32 before_got;
	__u32 before;       /* the first field at the beginning */
	__s32 again_got[2]; /* by a cursor opened anew */
	__u64 again_second;
	__u32 again_first;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, REPORTS);
	__type(key, __u32);
	__type(value, struct report);
} reports SEC(".maps");

static __always_inline struct report *the_report(__u32 of)
{
	return bpf_map_lookup_elem(&reports, &of);
}

#endif
