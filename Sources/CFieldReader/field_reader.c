// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "field_reader.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux_sockets.h>
#include <pktmeta/socket.h>

#define NOBODY 65534
#define LONGEST 10 /* s */

/* By calls of the kernel alone: the C library's would look for threads, which the child of a fork() has not. */
static int give_up_privileges(void)
{
	if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) ||
	    syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return 0;
}

static int bound_socket(uint16_t port)
{
	struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&place, sizeof(place)))
		return -errno;
	return fd;
}

/* Waits for a datagram, asks for its fields, and reads it. */
static int receive(int fd, int tenant, int trace_id, struct field_reading *reading)
{
	char bytes[2048];
	ssize_t count;
	int err;

	if (recv(fd, bytes, sizeof(bytes), MSG_PEEK) < 0)
		return -errno;
	err = pktmeta_next(fd, tenant, &reading->tenant, sizeof(reading->tenant));
	if (!err)
		err = pktmeta_next(fd, trace_id, &reading->trace_id, sizeof(reading->trace_id));
	count = recv(fd, bytes, sizeof(bytes), 0);
	reading->bytes = count < 0 ? 0 : (uint32_t)count;
	return err;
}

static int tell(int pipe, struct field_reading *reading, int err)
{
	reading->err = err;
	return write(pipe, reading, sizeof(*reading)) == sizeof(*reading) ? err : -EPIPE;
}

static void run(uint16_t port, int count, int pipe)
{
	struct field_reading reading = {0};
	int fd = -1, tenant = 0, trace_id = 0, err;

	alarm(LONGEST);
	err = give_up_privileges();
	reading.user_id = (uint32_t)syscall(SYS_getuid);
	if (!err)
		err = fd = bound_socket(port);
	if (err >= 0)
		err = tenant = pktmeta_field_id(fd, "tenant");
	if (err >= 0)
		err = trace_id = pktmeta_field_id(fd, "trace_id");
	if (err < 0) {
		tell(pipe, &reading, err);
		return;
	}
	for (int i = 0; i < count; i++) {
		err = receive(fd, tenant, trace_id, &reading);
		if (tell(pipe, &reading, err))
			return;
	}
}

int field_reader_start(int cgroup, uint16_t port, int count, int *child)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	*child = linux_fork_into_cgroup(cgroup, 0);
	if (*child == 0) {
		run(port, count, ends[1]);
		syscall(SYS_exit_group, 0);
	}
	close(ends[1]);
	if (*child > 0)
		return ends[0];
	close(ends[0]);
	return *child;
}

void field_reader_wait(int child)
{
	while (waitpid(child, NULL, __WALL) < 0 && errno == EINTR)
		;
}
