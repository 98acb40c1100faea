// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "linux_sockets.h"
#include "result.h"

#include <errno.h>
#include <linux/sched.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SO_TIMESTAMPNS
#define SO_TIMESTAMPNS 35
#endif
#ifndef SO_MARK
#define SO_MARK 36
#endif

int linux_fork_into_cgroup(int cgroup, int shares_descriptors)
{
	struct clone_args arguments = {
		.flags = CLONE_INTO_CGROUP | (shares_descriptors ? CLONE_FILES : 0),
		.cgroup = (uint64_t)cgroup,
	};

	return result(syscall(SYS_clone3, &arguments, sizeof(arguments)));
}

/* The child shares this process's descriptors and nothing else. */
static int make_in_child(int cgroup, int family, int type, volatile int *made)
{
	int child = linux_fork_into_cgroup(cgroup, 1);

	if (child < 0)
		return child;
	if (child == 0) {
		*made = result(syscall(SYS_socket, family, type | SOCK_CLOEXEC, 0));
		syscall(SYS_exit_group, 0);
		__builtin_unreachable();
	}
	while (waitpid(child, NULL, __WALL) < 0 && errno == EINTR)
		;
	return 0;
}

int linux_socket_in_cgroup(int cgroup, int family, int type)
{
	int *made = mmap(NULL, sizeof(*made), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int error, socket;

	if (made == MAP_FAILED)
		return -errno;
	*made = -ECHILD; /* until the child has lived to say otherwise */
	error = make_in_child(cgroup, family, type, made);
	socket = *made;
	munmap(made, sizeof(*made));
	return error ? error : socket;
}

int linux_connect_to_itself(int socket, int family)
{
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
	} place;
	socklen_t size = family == AF_INET ? sizeof(place.ipv4) : sizeof(place.ipv6);

	memset(&place, 0, sizeof(place));
	place.any.sa_family = (sa_family_t)family;
	if (family == AF_INET)
		place.ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		place.ipv6.sin6_addr = in6addr_loopback;
	if (bind(socket, &place.any, size) || getsockname(socket, &place.any, &size))
		return -errno;
	return result(connect(socket, &place.any, size));
}

int linux_receive_message(int socket, void *bytes, size_t size, struct linux_message *message)
{
	union {
		struct cmsghdr header;
		char bytes[512];
	} control;
	struct iovec part = {bytes, size};
	struct msghdr received = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	ssize_t count = recvmsg(socket, &received, MSG_DONTWAIT);

	memset(message, 0, sizeof(*message));
	if (count < 0)
		return -errno;
	message->size = (size_t)count;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(&received); part; part = CMSG_NXTHDR(&received, part)) {
		if (part->cmsg_level != SOL_SOCKET)
			continue;
		if (part->cmsg_type == SO_TIMESTAMPNS) {
			struct timespec time;

			memcpy(&time, CMSG_DATA(part), sizeof(time));
			message->seconds = time.tv_sec;
			message->nanoseconds = time.tv_nsec;
		} else if (part->cmsg_type == SO_MARK) {
			memcpy(&message->mark, CMSG_DATA(part), sizeof(message->mark));
		}
	}
	return 0;
}

int linux_raise_interface(int socket, const char *name)
{
	struct ifreq request = {0};

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	if (ioctl(socket, SIOCGIFFLAGS, &request))
		return -errno;
	request.ifr_flags |= IFF_UP;
	return result(ioctl(socket, SIOCSIFFLAGS, &request));
}
