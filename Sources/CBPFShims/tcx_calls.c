// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "tcx_calls.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The members of union bpf_attr that the two commands read, as include/uapi/linux/bpf.h has them since Linux 6.6.
 * bpf(2) takes a shorter attr for one whose rest is zero.
 */
struct query_attr {
	uint32_t target_ifindex;
	uint32_t attach_type;
	uint32_t query_flags;
	uint32_t attach_flags;
	uint64_t prog_ids;
	uint32_t count;
	uint32_t padding;
	uint64_t prog_attach_flags;
	uint64_t link_ids;
	uint64_t link_attach_flags;
	uint64_t revision;
};

struct link_create_attr {
	uint32_t prog_fd;
	uint32_t target_ifindex;
	uint32_t attach_type;
	uint32_t flags;
	uint32_t relative_id;
	uint32_t padding;
	uint64_t expected_revision;
};

_Static_assert(sizeof(struct query_attr) == 64 && sizeof(struct link_create_attr) == 32, "the kernel's layout");

static int result(long value)
{
	return value < 0 ? -errno : (int)value;
}

static uint64_t address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

int tcx_query(uint32_t ifindex, uint32_t hook, struct tcx_programs *programs)
{
	struct query_attr attr;
	int error;

	memset(programs, 0, sizeof(*programs));
	memset(&attr, 0, sizeof(attr));
	attr.target_ifindex = ifindex;
	attr.attach_type = hook;
	attr.prog_ids = address(programs->program_ids);
	attr.count = TCX_PROGRAMS_MAX;
	attr.prog_attach_flags = address(programs->program_flags);
	attr.link_ids = address(programs->link_ids);
	attr.link_attach_flags = address(programs->link_flags);
	error = result(syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)));
	if (error < 0)
		return error;
	programs->revision = attr.revision;
	programs->count = attr.count < TCX_PROGRAMS_MAX ? attr.count : TCX_PROGRAMS_MAX;
	return 0;
}

int tcx_create_link(int program, uint32_t ifindex, uint32_t hook, uint32_t flags, uint32_t neighbour, uint64_t revision)
{
	struct link_create_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_fd = (uint32_t)program;
	attr.target_ifindex = ifindex;
	attr.attach_type = hook;
	attr.flags = flags;
	attr.relative_id = neighbour;
	attr.expected_revision = revision;
	return result(syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr)));
}
