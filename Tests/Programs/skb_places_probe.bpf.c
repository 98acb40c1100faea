// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The same, as under a kernel without bpf_rdonly_cast(). */
#define bpf_rdonly_cast no_function_of_the_kernel
#include "skb_places.bpf.c"
