// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Keys and values, sizes in the header. Keys come from configuration, as services get their ports: constants that a
 * loader fills in, of which the compiler knows nothing, as of pktmeta's ids.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "../encodings/keyvalue.bpf.h"
#include "bench_fields.bpf.h"

#ifndef BENCH_KEY
#define BENCH_CONFIGURED_KEY(k, type) [k] = 2 * (k)-1,

const volatile __u8 bench_keys[32] = {BENCH_FIELDS_31(BENCH_CONFIGURED_KEY)};

#define BENCH_KEY(k) bench_keys[k]
#endif

static __always_inline int open_tc(struct keyvalue_cursor *c, struct __sk_buff *skb, __u32 size)
{
	return keyvalue_open(c, skb);
}

/* The two words say which keys are set. */
static __always_inline void empty_area(struct keyvalue_cursor *c)
{
	*(volatile area_u64 *)c->area = 0;
	*(volatile area_u64 *)(c->area + 8) = 0;
}

#define BENCH_CURSOR struct keyvalue_cursor
#define BENCH_OPEN(c, ctx, size) \
	_Generic((ctx), struct xdp_md * : keyvalue_open_sized, struct __sk_buff * : open_tc)(c, ctx, size)
#define BENCH_SET(c, k, type, value) keyvalue_set(c, BENCH_KEY(k), &(value), sizeof(type))
#define BENCH_GET(c, k, type, value) keyvalue_get(c, BENCH_KEY(k), &(value), sizeof(type))
#define BENCH_EMPTY(c) empty_area(c)

#include "bench.bpf.h"
