/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets of a cgroup, and what comes to them. */
#ifndef LINUX_SOCKETS_H
#define LINUX_SOCKETS_H

#include <stddef.h>
#include <stdint.h>

/*
 * As fork(2), for a child that is begun in a cgroup (CLONE_INTO_CGROUP of clone(2), Linux 5.7), and that tells nobody
 * as it ends: waitpid(2) finds it by __WALL. As behind any fork() of a process with threads, the child may make calls
 * of the kernel only. The child's id, 0 in the child, or -errno.
 *
 * cgroup: a descriptor of its folder
 */
int linux_fork_into_cgroup(int cgroup, int shares_descriptors);

/*
 * A socket that belongs to a cgroup, in this thread's network namespace, closed on exec; or -errno. Since a socket
 * belongs to the cgroup of the process that makes it, a child does; this process stays where it is.
 *
 * cgroup: a descriptor of its folder
 */
int linux_socket_in_cgroup(int cgroup, int family, int type);

/* 0 or -errno: bound to a free port of the loopback address, and connected to itself. Of IPv4 or IPv6, UDP or TCP. */
int linux_connect_to_itself(int socket, int family);

/* What comes with a message, of what the socket has asked for. */
struct linux_message {
	size_t size;
	int64_t seconds; /* SCM_TIMESTAMPNS, or 0 */
	int64_t nanoseconds;
	uint32_t mark; /* SCM_MARK of SO_RCVMARK, or 0 */
};

/* 0 or -errno: reads a message, and waits for none. recvmsg(2). */
int linux_receive_message(int socket, void *bytes, size_t size, struct linux_message *message);

/* 0 or -errno: the interface is up (SIOCSIFFLAGS of netdevice(7)). */
int linux_raise_interface(int socket, const char *name);

#endif
