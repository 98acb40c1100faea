// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "socket_programs.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int call(int command, union bpf_attr *attributes)
{
	long result = syscall(SYS_bpf, command, attributes, sizeof(*attributes));

	return result < 0 ? -errno : (int)result;
}

int attach_to_raw_tracepoint(const char *name, int program)
{
	union bpf_attr attributes = {.raw_tracepoint = {.name = (uintptr_t)name, .prog_fd = (uint32_t)program}};

	return call(BPF_RAW_TRACEPOINT_OPEN, &attributes);
}

int attach_to_function(int program)
{
	return attach_to_raw_tracepoint(NULL, program);
}

int attach_to_cgroup_ingress(int cgroup, int program)
{
	union bpf_attr attributes = {.link_create = {.prog_fd = (uint32_t)program,
						     .target_fd = (uint32_t)cgroup,
						     .attach_type = BPF_CGROUP_INET_INGRESS}};

	return call(BPF_LINK_CREATE, &attributes);
}

static int set_program(int socket, int option, int program)
{
	return setsockopt(socket, SOL_SOCKET, option, &program, sizeof(program)) ? -errno : 0;
}

int attach_to_socket(int socket, int program)
{
	return set_program(socket, SO_ATTACH_BPF, program);
}

int attach_to_stream(int map, int socket, int program)
{
	uint32_t zero = 0, value = (uint32_t)socket;
	union bpf_attr attaching = {.target_fd = (uint32_t)map,
				    .attach_bpf_fd = (uint32_t)program,
				    .attach_type = BPF_SK_SKB_STREAM_VERDICT};
	union bpf_attr putting = {
		.map_fd = (uint32_t)map, .key = (uintptr_t)&zero, .value = (uintptr_t)&value, .flags = BPF_ANY};
	int err = call(BPF_PROG_ATTACH, &attaching);

	return err < 0 ? err : call(BPF_MAP_UPDATE_ELEM, &putting);
}

int attach_to_group(int socket, int program)
{
	return set_program(socket, SO_ATTACH_REUSEPORT_EBPF, program);
}
