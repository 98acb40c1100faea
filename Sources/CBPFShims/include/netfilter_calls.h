/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Netfilter links by bpf(2) itself: libbpf 1.1 does not know them.
 */
#ifndef NETFILTER_CALLS_H
#define NETFILTER_CALLS_H

#include <stdint.h>

/* include/uapi/linux/bpf.h since Linux 6.4. */
#define NETFILTER_PROGRAM_TYPE 32      /* BPF_PROG_TYPE_NETFILTER */
#define NETFILTER_ATTACH_TYPE 45       /* BPF_NETFILTER */
#define NETFILTER_LINK_TYPE 10         /* BPF_LINK_TYPE_NETFILTER */
#define NETFILTER_DEFRAGMENT (1U << 0) /* BPF_F_NETFILTER_IP_DEFRAG, since Linux 6.6 */

#define NETFILTER_INFO_OFFSET 16 /* of its part in struct bpf_link_info, which is the following struct */

struct netfilter_position {
	uint32_t family; /* NFPROTO_* */
	uint32_t hook;   /* NF_INET_* */
	int32_t priority;
	uint32_t flags; /* NETFILTER_* */
};

/* Descriptor of a new link in this thread's network namespace, or -errno. -EBUSY if another BPF program is there. */
int netfilter_create_link(int program, const struct netfilter_position *position);

#endif
