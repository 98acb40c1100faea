// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "linux_shims.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* Waits for a stop of the child, through interruptions. Its status, or -errno. */
static int wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status;
}

static long read_peak(pid_t child)
{
	char path[64], line[256];
	long peak = -ENODATA;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", child);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "VmHWM: %ld kB", &peak) == 1)
			break;
	fclose(file);
	return peak;
}

/* In the child, between fork and exec: nothing but system calls. */
static void become(char *const argv[])
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	execv(argv[0], argv);
	_exit(127);
}

long linux_peak_memory(char *const argv[], int *exit_code)
{
	long peak = -ECHILD;
	pid_t child = fork();
	int status;

	if (child < 0)
		return -errno;
	if (!child)
		become(argv);
	/* The first stop is exec's; a program that is not there has ended by then. */
	status = wait_for(child);
	if (status < 0 || !WIFSTOPPED(status))
		return -ENOENT;
	ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
	ptrace(PTRACE_CONT, child, NULL, NULL);
	while ((status = wait_for(child)) >= 0 && WIFSTOPPED(status)) {
		int signal = WSTOPSIG(status);

		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
			peak = read_peak(child); /* its memory is still there */
			signal = 0;
		}
		ptrace(PTRACE_CONT, child, NULL, (void *)(long)signal);
	}
	*exit_code = status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return peak;
}
