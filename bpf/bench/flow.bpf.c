// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* A hash map keyed by the packet's flow: needs packets with ports. Values are in flow_map, not in an area. */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "../encodings/flow_map.bpf.h"

static __always_inline int empty_flow(struct flow_map_cursor *c)
{
	c->flow->set = 0;
	return 0;
}

#define BENCH_CURSOR struct flow_map_cursor
#define BENCH_OPEN(c, ctx, size) flow_map_open(c, ctx)
#define BENCH_SET(c, k, type, value) flow_map_set(c, k, &(value), sizeof(type))
#define BENCH_GET(c, k, type, value) flow_map_get(c, k, &(value), sizeof(type))
#define BENCH_EMPTY(c) empty_flow(c)
#define BENCH_UNDO(ctx, c) empty_flow(c)

#include "bench.bpf.h"
