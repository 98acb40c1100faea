// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "linux_shims.h"
#include "result.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

int linux_enter_netns(int fd)
{
	return result(setns(fd, CLONE_NEWNET));
}

int linux_enter_new_netns(void)
{
	return result(unshare(CLONE_NEWNET));
}

int linux_open_netns_of_socket(int process, int descriptor)
{
	int socket, netns, handle = result(syscall(SYS_pidfd_open, process, 0));

	if (handle < 0)
		return handle;
	socket = result(syscall(SYS_pidfd_getfd, handle, descriptor, 0));
	close(handle);
	if (socket < 0)
		return socket;
	netns = result(ioctl(socket, SIOCGSKNS));
	close(socket);
	return netns;
}

uint64_t linux_file_device(const char *path)
{
	struct statx information;

	if (statx(AT_FDCWD, path, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE, &information) < 0)
		return 0;
	return (uint64_t)information.stx_dev_major << 32 | information.stx_dev_minor;
}

uint64_t linux_netns_cookie(int socket)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	return getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) < 0 ? 0 : cookie;
}
