/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCX by bpf(2) itself: libbpf 1.1 knows neither the revision of a hook nor a program's place on it.
 */
#ifndef TCX_CALLS_H
#define TCX_CALLS_H

#include <stdint.h>

/* include/uapi/linux/bpf.h since Linux 6.6: of enum bpf_attach_type, and flags of BPF_LINK_CREATE. */
#define TCX_INGRESS 46
#define TCX_EGRESS 47
#define TCX_BEFORE (1U << 3)   /* BPF_F_BEFORE: without a neighbour, before all */
#define TCX_AFTER (1U << 4)    /* BPF_F_AFTER: without a neighbour, behind all */
#define TCX_BY_ID (1U << 5)    /* BPF_F_ID: the neighbour is named by its id */
#define TCX_BY_LINK (1U << 13) /* BPF_F_LINK: and is a link, else a program */

/* BPF_MPROG_MAX in include/linux/bpf_mprog.h: as many as a hook takes. */
#define TCX_PROGRAMS_MAX 64

struct tcx_programs {
	uint64_t revision; /* raised by each change of the hook */
	uint32_t count;
	uint32_t program_ids[TCX_PROGRAMS_MAX];   /* in the order in which they run */
	uint32_t link_ids[TCX_PROGRAMS_MAX];      /* 0 for a program attached without a link */
	uint32_t program_flags[TCX_PROGRAMS_MAX]; /* what it was attached with, BPF_F_* */
	uint32_t link_flags[TCX_PROGRAMS_MAX];
};

/* 0 or -errno: what a hook of an interface of this thread's network namespace holds. -EINVAL without TCX. */
int tcx_query(uint32_t ifindex, uint32_t hook, struct tcx_programs *programs);

/*
 * Descriptor of a new link, or -errno. A revision other than 0 must be the hook's: else -ESTALE.
 * -ENOENT if the neighbour is not on the hook.
 */
int tcx_create_link(int program, uint32_t ifindex, uint32_t hook, uint32_t flags, uint32_t neighbour,
		    uint64_t revision);

#endif
