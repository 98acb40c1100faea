// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "bpf_users.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAPS 64 /* of a program */

static int call(int command, union bpf_attr *attributes)
{
	long result = syscall(SYS_bpf, command, attributes, sizeof(*attributes));

	return result < 0 ? -errno : (int)result;
}

static int open_id(int command, uint32_t id)
{
	union bpf_attr attributes = {.prog_id = id};

	return call(command, &attributes);
}

static int get_info(int fd, void *info, uint32_t size)
{
	union bpf_attr attributes = {.info = {.bpf_fd = (uint32_t)fd, .info_len = size, .info = (uintptr_t)info}};

	return call(BPF_OBJ_GET_INFO_BY_FD, &attributes);
}

static bool contains(const struct bpf_ids *set, uint32_t id)
{
	for (unsigned int i = 0; i < set->count; i++) {
		if (set->ids[i] == id)
			return true;
	}
	return false;
}

static bool program_uses(int fd, const struct bpf_ids *maps)
{
	uint32_t used[MAPS] = {0};
	struct bpf_prog_info info = {.nr_map_ids = MAPS, .map_ids = (uintptr_t)used};

	if (get_info(fd, &info, sizeof(info)) < 0)
		return false;
	for (unsigned int i = 0; i < info.nr_map_ids && i < MAPS; i++) {
		if (contains(maps, used[i]))
			return true;
	}
	return false;
}

static bool link_holds(int fd, const struct bpf_ids *programs)
{
	struct bpf_link_info info = {0};

	return get_info(fd, &info, sizeof(info)) == 0 && contains(programs, info.prog_id);
}

static int collect(int next_command, int open_command, bool (*matches)(int, const struct bpf_ids *),
		   const struct bpf_ids *context, struct bpf_ids *found)
{
	union bpf_attr attributes = {0};
	int error;

	found->count = 0;
	while ((error = call(next_command, &attributes)) == 0) {
		uint32_t id = attributes.next_id;
		int fd = open_id(open_command, id);

		if (fd >= 0) { /* else it went in between */
			if (matches(fd, context) && found->count < sizeof(found->ids) / sizeof(found->ids[0]))
				found->ids[found->count++] = id;
			close(fd);
		}
		attributes = (union bpf_attr){.start_id = id};
	}
	return error == -ENOENT ? 0 : error;
}

int bpf_users_of_maps(const struct bpf_ids *maps, struct bpf_ids *programs, struct bpf_ids *links)
{
	int error = collect(BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID, program_uses, maps, programs);

	return error ? error : collect(BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID, link_holds, programs, links);
}
