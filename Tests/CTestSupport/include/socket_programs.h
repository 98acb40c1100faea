/* SPDX-License-Identifier: BSD-2-Clause */
/* Attaches programs where pktmeta has no hook: descriptors of links, 0, or -errno. */
#ifndef SOCKET_PROGRAMS_H
#define SOCKET_PROGRAMS_H

int attach_to_raw_tracepoint(const char *name, int program);
/* Of a program that names its function itself: fentry and the like. */
int attach_to_function(int program);
/* Packets that sockets of a cgroup get. */
int attach_to_cgroup_ingress(int cgroup, int program);
int attach_to_socket(int socket, int program);
/* For all sockets of the socket's group (SO_REUSEPORT). */
int attach_to_group(int socket, int program);
/* Data of a socket's stream, by a map of one socket. */
int attach_to_stream(int map, int socket, int program);

#endif
