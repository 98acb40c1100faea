// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "pseudo_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int pseudo_terminal_open(char *name, size_t size)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	int error;

	if (fd < 0)
		return -errno;
	if (!grantpt(fd) && !unlockpt(fd) && !ptsname_r(fd, name, size))
		return fd;
	error = errno;
	close(fd);
	return -error;
}
