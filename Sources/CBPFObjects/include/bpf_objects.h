/* SPDX-License-Identifier: BSD-2-Clause */
/* The prebuilt BPF objects, carried inside the binary. */
#ifndef BPF_OBJECTS_H
#define BPF_OBJECTS_H

#include <stddef.h>

struct bpf_object_file {
	const char *name; /* of bpf/programs/NAME.bpf.c, or bench/NAME of bpf/bench/NAME.bpf.c */
	const unsigned char *bytes;
	size_t size;
};

/* The object of that name, or NULL bytes. */
struct bpf_object_file bpf_object_file_named(const char *name);

#endif
