// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The prebuilt tracer, as under a kernel without bpf_rdonly_cast(). */
#define bpf_rdonly_cast bench_no_function_of_the_kernel
#include "../programs/tracer.bpf.c"
