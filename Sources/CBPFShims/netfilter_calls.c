// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "netfilter_calls.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What BPF_LINK_CREATE reads of union bpf_attr, as include/uapi/linux/bpf.h has it since Linux 6.4. */
struct netfilter_link_attr {
	uint32_t prog_fd;
	uint32_t target;
	uint32_t attach_type;
	uint32_t flags;
	struct netfilter_position position;
};

_Static_assert(sizeof(struct netfilter_link_attr) == 32, "the kernel's layout");

int netfilter_create_link(int program, const struct netfilter_position *position)
{
	struct netfilter_link_attr attr;
	long link;

	memset(&attr, 0, sizeof(attr));
	attr.prog_fd = (uint32_t)program;
	attr.attach_type = NETFILTER_ATTACH_TYPE;
	attr.position = *position;
	link = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	return link < 0 ? -errno : (int)link;
}
