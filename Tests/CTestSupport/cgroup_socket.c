// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "cgroup_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a message with one descriptor takes. */
struct parcel {
	int error; /* 0, or an errno instead of the descriptor */
	struct iovec part;
	struct msghdr message;
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
};

static void prepare(struct parcel *parcel)
{
	memset(parcel, 0, sizeof(*parcel));
	parcel->part.iov_base = &parcel->error;
	parcel->part.iov_len = sizeof(parcel->error);
	parcel->message.msg_iov = &parcel->part;
	parcel->message.msg_iovlen = 1;
	parcel->message.msg_control = parcel->control.bytes;
	parcel->message.msg_controllen = sizeof(parcel->control.bytes);
}

/* In a child of a process with threads: calls of the kernel only. */
static void make(const char *processes, int channel)
{
	struct parcel parcel;
	int file = open(processes, O_WRONLY | O_CLOEXEC), made;

	prepare(&parcel);
	made = file < 0 || write(file, "0", 1) < 0 ? -1 : socket(AF_INET, SOCK_DGRAM, 0);
	if (made < 0) {
		parcel.error = errno;
		parcel.message.msg_control = NULL;
		parcel.message.msg_controllen = 0;
	} else {
		parcel.control.header.cmsg_level = SOL_SOCKET;
		parcel.control.header.cmsg_type = SCM_RIGHTS;
		parcel.control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&parcel.control.header), &made, sizeof(made));
	}
	sendmsg(channel, &parcel.message, 0);
	_exit(0);
}

int socket_in_cgroup(const char *processes)
{
	struct parcel parcel;
	int channel[2], result, child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel))
		return -errno;
	child = fork();
	if (child == 0)
		make(processes, channel[1]);
	close(channel[1]);
	prepare(&parcel);
	if (child < 0 || recvmsg(channel[0], &parcel.message, MSG_CMSG_CLOEXEC) <= 0)
		result = child < 0 ? -errno : -EPIPE;
	else if (parcel.error)
		result = -parcel.error;
	else
		memcpy(&result, CMSG_DATA(&parcel.control.header), sizeof(result));
	close(channel[0]);
	if (child > 0)
		waitpid(child, NULL, 0);
	return result;
}
