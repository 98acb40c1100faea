// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The same with the lowest keys, known to the compiler: the best that this encoding can do. Field fK has key K - 1. */
#define BENCH_KEY(k) ((k)-1)
#include "keyvalue.bpf.c"
