/* SPDX-License-Identifier: BSD-2-Clause */
/* The BPF objects that the benchmark compares, carried inside its binary. */
#ifndef BENCH_OBJECTS_H
#define BENCH_OBJECTS_H

#include "bpf_objects.h"

/* The object of bpf/bench with that name, or NULL bytes. */
struct bpf_object_file bench_object_file_named(const char *name);

#endif
