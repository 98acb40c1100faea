// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The same with stores, as on kernels without bpf_dynptr_from_skb_meta(). */
#define PKTMETA_STORES_AT_TC
#include "cursors.bpf.c"
