// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* pktmeta by name, bound when the program is loaded. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#define BENCH_CURSOR struct pktmeta_bound_cursor
#define BENCH_OPEN(c, ctx, size) pktmeta_open_bound(c, ctx)
#define BENCH_SET(c, k, type, value) PKTMETA_SET(c, f##k, value)
#define BENCH_GET(c, k, type, value) PKTMETA_GET(c, f##k, &(value))
#define BENCH_EMPTY(c) (((volatile struct pktmeta_header *)(c)->cursor.area)->fields_set = 0)
#define BENCH_DECLARE(k, type) PKTMETA_FIELD(type, f##k);

#include "bench_fields.bpf.h"

BENCH_FIELDS_31(BENCH_DECLARE)

#include "bench.bpf.h"
