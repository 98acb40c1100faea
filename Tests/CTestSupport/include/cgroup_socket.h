/* SPDX-License-Identifier: BSD-2-Clause */
/* A socket belongs to the cgroup of the process that makes it, whoever has it then. */
#ifndef CGROUP_SOCKET_H
#define CGROUP_SOCKET_H

/*
 * A UDP socket that a child in the cgroup has made, in this thread's network namespace, or -errno.
 *
 * processes: the path of the cgroup's cgroup.procs
 */
int socket_in_cgroup(const char *processes);

#endif
