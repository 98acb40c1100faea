// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "traced_run.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct counted {
	const char *name;
	long number;
	bool is_first; /* counting may begin with it */
} counted_calls[] = {
	{"bpf", SYS_bpf, true},
	{"mkdirat", SYS_mkdirat, true},
	{"flock", SYS_flock, true},
	{"mount", SYS_mount, true},
	{"setns", SYS_setns, true},
	{"unlinkat", SYS_unlinkat, true},
	{"renameat2", SYS_renameat2, true},
#ifdef SYS_mkdir /* arm64 has only the newer calls */
	{"mkdir", SYS_mkdir, true},
	{"rmdir", SYS_rmdir, true},
	{"unlink", SYS_unlink, true},
	{"rename", SYS_rename, true},
	{"open", SYS_open, false},
#else
	{"renameat", SYS_renameat, true},
#endif
	{"openat", SYS_openat, false},
	{"close", SYS_close, false},
	{"mmap", SYS_mmap, false},
	{"munmap", SYS_munmap, false},
	{"membarrier", SYS_membarrier, false},
	{"ioctl", SYS_ioctl, false},
	{"sendto", SYS_sendto, false},
	{"sendmsg", SYS_sendmsg, false},
	{"memfd_create", SYS_memfd_create, false},
	{"write", SYS_write, false},
	{"exit_group", SYS_exit_group, false},
};

/* Besides the counted ones, calls that can fail, and whose failure must not be taken for something else. */
static const struct counted other_calls[] = {
	{"openat2", SYS_openat2, false},   {"newfstatat", SYS_newfstatat, false},
	{"fstat", SYS_fstat, false},       {"getdents64", SYS_getdents64, false},
	{"fstatfs", SYS_fstatfs, false},   {"statfs", SYS_statfs, false},
	{"fcntl", SYS_fcntl, false},       {"read", SYS_read, false},
	{"socket", SYS_socket, false},     {"getsockopt", SYS_getsockopt, false},
	{"recvfrom", SYS_recvfrom, false}, {"recvmsg", SYS_recvmsg, false},
};

/* Commands of bpf(2) that change nothing: to be killed before one is to be killed before what comes next. */
static bool only_reads(unsigned int command)
{
	switch (command) {
	case BPF_MAP_LOOKUP_ELEM:
	case BPF_OBJ_GET_INFO_BY_FD:
	case BPF_MAP_GET_NEXT_ID:
	case BPF_PROG_GET_NEXT_ID:
	case BPF_LINK_GET_NEXT_ID:
	case BPF_MAP_GET_FD_BY_ID:
	case BPF_PROG_GET_FD_BY_ID:
	case BPF_LINK_GET_FD_BY_ID:
	case BPF_PROG_QUERY:
		return true;
	default:
		return false;
	}
}

/* Whether closing it lets go of nothing that the end of the process would not: maps, programs and types. */
static bool is_plain(pid_t pid, unsigned int fd)
{
	static const char *const kinds[] = {"anon_inode:bpf-map", "anon_inode:bpf-prog", "anon_inode:btf"};
	char link[64], target[64] = {0};

	snprintf(link, sizeof(link), "/proc/%d/fd/%u", pid, fd);
	if (readlink(link, target, sizeof(target) - 1) < 0)
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(target, kinds[i]) == 0)
			return true;
	}
	return false;
}

static const struct counted *find(long number, bool is_failing)
{
	for (size_t i = 0; i < sizeof(counted_calls) / sizeof(counted_calls[0]); i++) {
		if (counted_calls[i].number == number)
			return &counted_calls[i];
	}
	for (size_t i = 0; is_failing && i < sizeof(other_calls) / sizeof(other_calls[0]); i++) {
		if (other_calls[i].number == number)
			return &other_calls[i];
	}
	return NULL;
}

/* Calls of which nobody expects that they fail, or that end the process. */
static bool never_fails(long number)
{
	return number == SYS_close || number == SYS_munmap || number == SYS_exit_group || number == SYS_write;
}

/* The call that a process stands at the entry of, if it counts. */
static const struct counted *entered(pid_t pid, unsigned int calls, unsigned int *command, bool is_failing)
{
	struct __ptrace_syscall_info info;
	const struct counted *call;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return NULL;
	call = find((long)info.entry.nr, is_failing);
	if (!call || (calls == 0 && !call->is_first))
		return NULL;
	if (is_failing) {
		*command = call->number == SYS_bpf ? (unsigned int)info.entry.args[0] : 0;
		return never_fails(call->number) ? NULL : call;
	}
	if (call->number == SYS_close && is_plain(pid, (unsigned int)info.entry.args[0]))
		return NULL;
	*command = call->number == SYS_bpf ? (unsigned int)info.entry.args[0] : 0;
	return call->number == SYS_bpf && only_reads(*command) ? NULL : call;
}

/* Whether what a call does is seen by others at once. Behind munmap(2), a registry's word was stored. */
static bool is_step(const struct counted *call, unsigned int command)
{
	if (call->number == SYS_bpf)
		return command == BPF_LINK_CREATE || command == BPF_LINK_UPDATE || command == BPF_LINK_DETACH;
	return call->number == SYS_munmap || strncmp(call->name, "rename", strlen("rename")) == 0;
}

#ifdef __x86_64__
/* Has the call that a process stands at the entry of not be done. */
static void skip_call(pid_t pid)
{
	struct user_regs_struct registers;

	ptrace(PTRACE_GETREGS, pid, 0, &registers);
	registers.orig_rax = (unsigned long long)-1;
	ptrace(PTRACE_SETREGS, pid, 0, &registers);
}

/* Has the call that a process stands at the end of return that. */
static void set_result(pid_t pid, long result)
{
	struct user_regs_struct registers;

	ptrace(PTRACE_GETREGS, pid, 0, &registers);
	registers.rax = (unsigned long long)result;
	ptrace(PTRACE_SETREGS, pid, 0, &registers);
}
#else
static void skip_call(pid_t pid)
{
	int number = -1;
	struct iovec part = {&number, sizeof(number)};

	ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &part);
}

static void set_result(pid_t pid, long result)
{
	struct user_regs_struct registers;
	struct iovec whole = {&registers, sizeof(registers)};

	ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &whole);
	registers.regs[0] = (unsigned long long)result;
	ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &whole);
}
#endif

/* Of the new process; it stops as it executes the command. */
static pid_t start(char *const arguments[], int output)
{
	pid_t pid = vfork(); /* a copy of all that a test process maps would take longer than the command */

	if (pid != 0)
		return pid < 0 ? -errno : pid;
	if (setpgid(0, 0) == 0 && dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0 &&
	    ptrace(PTRACE_TRACEME, 0, 0, 0) == 0)
		execv(arguments[0], arguments);
	_exit(127);
}

static bool is_of(const struct counted *call, unsigned int command, const struct traced_kind *kind)
{
	return !kind || (strcmp(call->name, kind->call) == 0 && command == kind->command);
}

static int follow(pid_t pid, unsigned int stop_at, const struct traced_kind *kind, int signal, int error,
		  void (*action)(void *), void *context, struct traced_end *end)
{
	pid_t failing = 0; /* the thread whose call is not being done */
	unsigned int of_kind = 0;
	bool has_begun = false;
	bool is_behind_step = false;
	int status;
	pid_t thread;

	/* Its threads are in its process group, and of the children of this process nobody else is. */
	while ((thread = waitpid(-pid, &status, __WALL)) > 0 || errno == EINTR) {
		const struct counted *call;
		unsigned int command;
		int pass = 0;

		if (thread < 0)
			continue;
		if (!WIFSTOPPED(status)) {
			if (thread == pid)
				end->status = status;
			continue;
		}
		if (!has_begun) {
			has_begun = true;
			ptrace(PTRACE_SETOPTIONS, pid, 0,
			       PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE);
		} else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			if (failing == thread) {
				failing = 0;
				set_result(thread, -error);
				ptrace(PTRACE_SYSCALL, thread, 0, 0);
				continue;
			}
			call = entered(thread, end->calls, &command, error != 0);
			if (call) {
				end->calls++;
				if (is_behind_step && end->step_count < TRACED_STEPS)
					end->steps[end->step_count++] = end->calls;
				is_behind_step = is_step(call, command);
			}
			if (call && is_of(call, command, kind) && ++of_kind == stop_at) {
				end->call = call->name;
				end->command = command;
				if (error) {
					failing = thread;
					skip_call(thread);
				} else if (action)
					action(context);
				else
					kill(pid, signal);
			}
		} else if (status >> 16 == 0 && WSTOPSIG(status) != SIGSTOP) {
			pass = WSTOPSIG(status);
		}
		ptrace(PTRACE_SYSCALL, thread, 0, pass);
	}
	return errno == ECHILD ? 0 : -errno;
}

static char *contents(int fd)
{
	struct stat info;
	char *text;
	ssize_t count;

	if (fstat(fd, &info) < 0)
		return NULL;
	text = malloc((size_t)info.st_size + 1);
	if (!text)
		return NULL;
	count = pread(fd, text, (size_t)info.st_size, 0);
	text[count < 0 ? 0 : count] = '\0';
	return text;
}

static int run(char *const arguments[], unsigned int stop_at, const struct traced_kind *kind, int signal, int error,
	       void (*action)(void *), void *context, struct traced_end *end)
{
	int output = memfd_create("output", MFD_CLOEXEC); /* a pipe could be full while nobody reads */
	int result;
	pid_t pid;

	memset(end, 0, sizeof(*end));
	if (output < 0)
		return -errno;
	pid = start(arguments, output);
	result = pid < 0 ? pid : follow(pid, stop_at, kind, signal, error, action, context, end);
	end->output = contents(output);
	close(output);
	return result;
}

int traced_run(char *const arguments[], unsigned int stop_at, int signal, void (*action)(void *), void *context,
	       struct traced_end *end)
{
	return run(arguments, stop_at, NULL, signal, 0, action, context, end);
}

int failing_run(char *const arguments[], unsigned int fail_at, const struct traced_kind *kind, int error,
		struct traced_end *end)
{
	return run(arguments, fail_at, kind, 0, error, NULL, NULL, end);
}
