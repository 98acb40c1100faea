// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The same in a map that gives up what was used longest ago, in place of refusing what comes. */
#define SKB_MAP_TYPE BPF_MAP_TYPE_LRU_HASH
#include "skb_map.bpf.c"
