// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* A hard-coded struct: the limit. */
#include <linux/bpf.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>

#include "../encodings/struct.bpf.h"

/* 8 fields, the largest first, in 32 bytes: 16, 64 or 128 bytes for 3, 16 or 31 fields. */
#define EIGHT_FIELDS(f1, f2, f3, f4, f5, f6, f7, f8) \
	__u64 f2; \
	__u32 f1; \
	__u16 f3, f5; \
	__u32 f4, f7; \
	__u8 f6, f8; \
	__u8 pad_##f8[6]

struct fields {
	EIGHT_FIELDS(f1, f2, f3, f4, f5, f6, f7, f8);
	EIGHT_FIELDS(f9, f10, f11, f12, f13, f14, f15, f16);
	EIGHT_FIELDS(f17, f18, f19, f20, f21, f22, f23, f24);
	EIGHT_FIELDS(f25, f26, f27, f28, f29, f30, f31, f32);
};

_Static_assert(offsetof(struct fields, f3) + sizeof(__u16) <= 16, "the first three need 16 bytes");
_Static_assert(sizeof(struct fields) == 128, "no holes");

#define BENCH_CURSOR struct struct_cursor
#define BENCH_OPEN(c, ctx, size) struct_open(c, ctx, (size) > sizeof(struct fields) ? sizeof(struct fields) : (size))
#define BENCH_SET(c, k, type, value) struct_set(c, offsetof(struct fields, f##k), &(value), sizeof(type))
#define BENCH_GET(c, k, type, value) struct_get(c, offsetof(struct fields, f##k), &(value), sizeof(type))
#define BENCH_EMPTY(c) ((void)(c)) /* nothing says what is set */

#include "bench.bpf.h"
