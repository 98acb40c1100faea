/* SPDX-License-Identifier: BSD-2-Clause */
/* The application of pktmeta's demo: it receives datagrams, and asks its socket for fields of each. */
#ifndef FIELD_READER_H
#define FIELD_READER_H

#include <stdint.h>

/* What the application got with a datagram. */
struct field_reading {
	int32_t err; /* 0, or -errno of what it could not do: then it has ended */
	uint32_t bytes;
	uint32_t tenant;
	uint32_t user_id; /* the application's own */
	uint64_t trace_id;
};

/*
 * Starts it in a cgroup and this thread's network namespace, as nobody, without any privilege. It ends when it has got
 * so many datagrams, or after 10 s. Its readings, a struct each, come by the pipe that is returned; or -errno.
 *
 * cgroup: a descriptor of its folder
 * child: gets the id of its process, which field_reader_wait() is for
 */
int field_reader_start(int cgroup, uint16_t port, int count, int *child);

void field_reader_wait(int child);

#endif
