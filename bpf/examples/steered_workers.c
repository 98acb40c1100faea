// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * An application whose workers have a socket each, all of one port, and get the packets of their own tenants: which
 * worker, `pktmeta create-steering` has decided by a field. It needs neither a library nor a capability, but to be in
 * the group that the steering is shared with.
 *
 *	pktmeta create-steering workers --field tenant --sockets 4 --share-with web
 *	steered_workers /sys/fs/bpf/pktmeta/steering/workers udp 4739 4 100
 *	steered_workers /sys/fs/bpf/pktmeta/steering/workers tcp 443 4 100 7=0 8=0
 *
 * Here workers take turns in one process, and say of each datagram or connection who got it, up to a number of them.
 * 7=0 has tenant 7 go to worker 0, whatever 7 modulo 4 is.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_ATTACH_REUSEPORT_EBPF
#define SO_ATTACH_REUSEPORT_EBPF 52
#endif

#define WORKERS_MAX 64

static int checked(int result, const char *what)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "steered_workers: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The program can be opened only to be read: flags of 0, as bpf_obj_get() has them, would ask for more (EACCES). */
static int open_pin(const char *folder, const char *name, uint32_t flags)
{
	char path[512];
	union bpf_attr attributes = {.pathname = (uintptr_t)path, .file_flags = flags};

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return checked(syscall(SYS_bpf, BPF_OBJ_GET, &attributes, sizeof(attributes)), path);
}

static void store(int map, const void *key, const void *value, const char *what)
{
	union bpf_attr attributes = {.map_fd = map, .key = (uintptr_t)key, .value = (uintptr_t)value};

	checked(syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attributes, sizeof(attributes)), what);
}

/* For IPv4 and IPv6. */
static int make_socket(int type, int program, uint16_t port)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int yes = 1, no = 0;
	int fd = checked(socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");

	checked(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes)), "SO_REUSEPORT");
	checked(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)), "IPV6_V6ONLY");
	if (program >= 0) /* holds for all that join this socket's group */
		checked(setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &program, sizeof(program)),
			"SO_ATTACH_REUSEPORT_EBPF");
	checked(bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind");
	if (type == SOCK_STREAM)
		checked(listen(fd, 128), "listen");
	return fd;
}

/* One datagram or connection; 0: there is none. */
static int take(int socket, int type, int worker)
{
	struct sockaddr_in6 from = {};
	socklen_t size = sizeof(from);
	unsigned char byte = 0;
	int connection = -1;

	if (type == SOCK_STREAM) {
		connection = accept(socket, (struct sockaddr *)&from, &size);
		if (connection < 0)
			return 0;
		close(connection);
	} else if (recvfrom(socket, &byte, 1, 0, (struct sockaddr *)&from, &size) < 0) {
		return 0;
	}
	printf("worker %d: from port %d, first byte %d\n", worker, ntohs(from.sin6_port), byte);
	return 1;
}

int main(int argc, char **argv)
{
	struct pollfd workers[WORKERS_MAX];
	int program, sockets, type, count, left, i;

	if (argc < 6 || atoi(argv[4]) < 1 || atoi(argv[4]) > WORKERS_MAX) {
		fprintf(stderr, "usage: steered_workers FOLDER udp|tcp PORT WORKERS PACKETS [VALUE=WORKER ...]\n");
		return 64;
	}
	type = strcmp(argv[2], "tcp") ? SOCK_DGRAM : SOCK_STREAM;
	count = atoi(argv[4]);
	program = open_pin(argv[1], "program", BPF_F_RDONLY);
	sockets = open_pin(argv[1], "sockets", 0);
	for (i = 6; i < argc; i++) {
		uint64_t value = strtoull(argv[i], NULL, 0);
		uint32_t worker = strchr(argv[i], '=') ? strtoul(strchr(argv[i], '=') + 1, NULL, 0) : 0;

		store(open_pin(argv[1], "values", 0), &value, &worker, "values");
	}
	/* A socket can be put into the map once it is bound; until its worker is there, the kernel chooses another. */
	for (i = 0; i < count; i++) {
		uint32_t index = i;
		uint64_t fd = make_socket(type, i ? -1 : program, atoi(argv[3]));

		store(sockets, &index, &fd, "sockets");
		workers[i] = (struct pollfd){.fd = (int)fd, .events = POLLIN};
	}
	for (left = atoi(argv[5]); left > 0;) {
		checked(poll(workers, count, -1), "poll");
		for (i = 0; i < count && left > 0; i++)
			left -= workers[i].revents ? take(workers[i].fd, type, i) : 0;
	}
	return 0;
}
