/* SPDX-License-Identifier: BSD-2-Clause */
/* The prebuilt BPF objects, carried inside the binary. */
#ifndef BPF_OBJECTS_H
#define BPF_OBJECTS_H

#include <stddef.h>
#include <string.h>

struct bpf_object_file {
	const char *name; /* of NAME.bpf.c */
	const unsigned char *bytes;
	size_t size;
};

/* The object of bpf/programs with that name, or NULL bytes. */
struct bpf_object_file bpf_object_file_named(const char *name);

/* The row of a table with that name, or NULL bytes: for each target that carries objects. */
static inline struct bpf_object_file bpf_object_file_in(const struct bpf_object_file *files, size_t count,
							const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(files[i].name, name))
			return files[i];
	return (struct bpf_object_file){name, NULL, 0};
}

#endif
