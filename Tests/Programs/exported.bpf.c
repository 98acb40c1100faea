// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Trusts the generations that were true when it was loaded. */
#include "exported.bpf.h"
