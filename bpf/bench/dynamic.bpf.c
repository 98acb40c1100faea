// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* pktmeta by id. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#define BENCH_CURSOR struct pktmeta_cursor
#define BENCH_OPEN(c, ctx, size) pktmeta_open(c, ctx)
#define BENCH_SET(c, k, type, value) pktmeta_set(c, PKTMETA_ID(f##k), &(value), sizeof(type))
#define BENCH_GET(c, k, type, value) pktmeta_get(c, PKTMETA_ID(f##k), &(value), sizeof(type))
#define BENCH_EMPTY(c) (((volatile struct pktmeta_header *)(c)->area)->fields_set = 0)

#include "bench.bpf.h"
