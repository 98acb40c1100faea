// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Type, length, value, walked on every access. Field fK has type K. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "../encodings/tlv.bpf.h"

static __always_inline int open_tc(struct tlv_cursor *c, struct __sk_buff *skb, __u32 size)
{
	return tlv_open(c, skb);
}

#define BENCH_CURSOR struct tlv_cursor
#define BENCH_OPEN(c, ctx, size) \
	_Generic((ctx), struct xdp_md * : tlv_open_sized, struct __sk_buff * : open_tc)(c, ctx, size)
#define BENCH_SET(c, k, type, value) tlv_set(c, k, &(value), sizeof(type))
#define BENCH_GET(c, k, type, value) tlv_get(c, k, &(value), sizeof(type))
#define BENCH_EMPTY(c) (*(volatile __u32 *)(c)->area = 0)

#include "bench.bpf.h"
