/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What a test asks for and what came of it, in a map. */
#ifndef SCRIPT_BPF_H
#define SCRIPT_BPF_H

#include <pktmeta/abi.h>

#define CALLS 4

enum operation {
	CALL_NONE,
	CALL_SET,
	CALL_GET,
	CALL_IS_SET,
	CALL_CLEAR,
};

struct call {
	__u32 operation;
	__u32 id;
	__u32 size;
	__s32 result;
	__u64 value[PKTMETA_VALUE_MAX / 8];
};

struct script {
	__s32 opened; /* what open returned */
	__u32 runs;
	struct call calls[CALLS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct script);
} script SEC(".maps");

#endif
