/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of libbpf that take options: which of their structs have pointers, and so are unsafe to Swift, differs by
 * libbpf's version. All return what libbpf does: -errno if it refuses.
 */
#ifndef LIBBPF_OPTIONS_H
#define LIBBPF_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Descriptor of a new map. Flags are BPF_F_* of BPF_MAP_CREATE; inner_map is that of a map of maps, and else 0. */
int libbpf_create_map(uint32_t type, const char *name, uint32_t key_size, uint32_t value_size, uint32_t entries,
		      uint32_t flags, int inner_map);

/* Descriptor of what is pinned there. Flags are BPF_F_* of BPF_OBJ_GET. */
int libbpf_open_pin(const char *path, uint32_t flags);

/* -EPERM or -EINVAL if the link's program is another than expected. */
int libbpf_update_link(int link, int program, int expected);

/* A filter of cls_bpf, by its place on an interface of this thread's network namespace. */
int libbpf_attach_filter(int ifindex, bool is_egress, uint32_t priority, uint32_t handle, int program);
int libbpf_detach_filter(int ifindex, bool is_egress, uint32_t priority, uint32_t handle);

/* The id of its program: the kernel gives none above INT_MAX (bpf_prog_alloc_id in kernel/bpf/syscall.c). */
int libbpf_query_filter(int ifindex, bool is_egress, uint32_t priority, uint32_t handle);

#endif
