// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The same, as under a kernel that reads members of types, and no bytes. */
#define bpf_strlen no_function_of_the_kernel
#include "skb_places.bpf.c"
