// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The same, and each call is counted in the state map. */
#define PKTMETA_COUNT
#include "dynamic.bpf.c"
