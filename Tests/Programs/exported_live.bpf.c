// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Asks the registry on each call, as programs do that nobody loads anew. */
#define PKTMETA_BOUND_LIVE
#include "exported.bpf.h"
