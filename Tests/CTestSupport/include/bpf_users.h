/* SPDX-License-Identifier: BSD-2-Clause */
/* What of the kernel's objects has to do with maps: bpf(2) without any library between. */
#ifndef BPF_USERS_H
#define BPF_USERS_H

#include <stdint.h>

struct bpf_ids {
	uint32_t ids[1024];
	unsigned int count;
};

/* Programs that use any of the maps, and links that hold such a program. 0 or -errno. */
int bpf_users_of_maps(const struct bpf_ids *maps, struct bpf_ids *programs, struct bpf_ids *links);

#endif
