// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* A struct of 8 words. Places in it are constants, so each key has a call of its own. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "../../bpf/encodings/struct.bpf.h"

#define WORDS 8

#define FOR_WORD(call, k) \
	case k: \
		return call(c, 8 * (k), value, size)
#define FOR_EACH_WORD(call) \
	switch (key) { \
		FOR_WORD(call, 0); \
		FOR_WORD(call, 1); \
		FOR_WORD(call, 2); \
		FOR_WORD(call, 3); \
		FOR_WORD(call, 4); \
		FOR_WORD(call, 5); \
		FOR_WORD(call, 6); \
		FOR_WORD(call, 7); \
	} \
	return -1000

static __always_inline int set(struct struct_cursor *c, __u32 key, const void *value, __u32 size)
{
	FOR_EACH_WORD(struct_set);
}

static __always_inline int get(struct struct_cursor *c, __u32 key, void *value, __u32 size)
{
	FOR_EACH_WORD(struct_get);
}

#define ENCODING_CURSOR struct struct_cursor
#define ENCODING_OPEN(c, ctx) struct_open(c, ctx, 8 * WORDS)
#define ENCODING_SET set
#define ENCODING_GET get

#include "encoding.bpf.h"
