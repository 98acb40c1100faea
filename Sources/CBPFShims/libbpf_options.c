// SPDX-License-Identifier: BSD-2-Clause
#include "libbpf_options.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

int libbpf_create_map(uint32_t type, const char *name, uint32_t key_size, uint32_t value_size, uint32_t entries,
		      uint32_t flags, int inner_map)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags, .inner_map_fd = (uint32_t)inner_map);

	return bpf_map_create((enum bpf_map_type)type, name, key_size, value_size, entries, &options);
}

int libbpf_open_pin(const char *path, uint32_t flags)
{
	LIBBPF_OPTS(bpf_obj_get_opts, options, .file_flags = flags);

	return bpf_obj_get_opts(path, &options);
}

int libbpf_update_link(int link, int program, int expected)
{
	LIBBPF_OPTS(bpf_link_update_opts, options, .flags = BPF_F_REPLACE, .old_prog_fd = (uint32_t)expected);

	return bpf_link_update(link, program, &options);
}

static struct bpf_tc_hook hook_of(int ifindex, bool is_egress)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = is_egress ? BPF_TC_EGRESS : BPF_TC_INGRESS);

	return hook;
}

int libbpf_attach_filter(int ifindex, bool is_egress, uint32_t priority, uint32_t handle, int program)
{
	struct bpf_tc_hook hook = hook_of(ifindex, is_egress);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program, .handle = handle, .priority = priority);

	return bpf_tc_attach(&hook, &options);
}

int libbpf_detach_filter(int ifindex, bool is_egress, uint32_t priority, uint32_t handle)
{
	struct bpf_tc_hook hook = hook_of(ifindex, is_egress);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = handle, .priority = priority);

	return bpf_tc_detach(&hook, &options);
}

int libbpf_query_filter(int ifindex, bool is_egress, uint32_t priority, uint32_t handle)
{
	struct bpf_tc_hook hook = hook_of(ifindex, is_egress);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = handle, .priority = priority);
	int result = bpf_tc_query(&hook, &options);

	return result < 0 ? result : (int)options.prog_id;
}
