/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a command and stops it at one of its system calls, counted exactly: ptrace(2). */
#ifndef TRACED_RUN_H
#define TRACED_RUN_H

#include <linux/bpf.h>

#define TRACED_STEPS 512

struct traced_end {
	int status;           /* as waitpid(2) gives it */
	unsigned int calls;   /* counted until its end, or until it was stopped */
	const char *call;     /* the one it was stopped at; NULL if it came to its end first */
	unsigned int command; /* of bpf(2), if that is the call */
	/* Calls right behind one that others see at once: attaching, renaming, storing in the registry. */
	unsigned int steps[TRACED_STEPS];
	unsigned int step_count;
	char *output; /* both outputs, a C string; the caller frees it */
};

struct traced_kind {
	const char *call;     /* its name, as in traced_run.c's lists */
	unsigned int command; /* of bpf(2); 0 for other calls */
};

/*
 * Counts the calls of traced_run.c's list: those that change something outside the process, or could. From the first on
 * by which this command could have done so; what the dynamic linker does before is not counted.
 *
 * stop_at: which of them to stop at, from 1 on; 0: none.
 * signal: sent at its entry. After SIGKILL the call is not done; after others that kill, it is.
 * action: if not NULL, called instead of sending a signal, while the process stands at the call's entry.
 *
 * 0 or -errno.
 */
int traced_run(char *const arguments[], unsigned int stop_at, int signal, void (*action)(void *), void *context,
	       struct traced_end *end);

/*
 * Runs a command of which one call is not done and returns -error. Counted are, from the same first one on, all calls
 * that can fail: also those that only read, and not those by which a process lets go of something.
 *
 * fail_at: which of them, from 1 on; 0: none, to count them.
 * kind: if not NULL, only calls of that kind are counted for fail_at. Two runs of one command differ by a few calls:
 * malloc(3) maps memory as its heap has room.
 *
 * 0 or -errno.
 */
int failing_run(char *const arguments[], unsigned int fail_at, const struct traced_kind *kind, int error,
		struct traced_end *end);

#endif
