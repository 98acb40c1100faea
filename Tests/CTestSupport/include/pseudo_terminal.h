/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PSEUDO_TERMINAL_H
#define PSEUDO_TERMINAL_H

#include <stddef.h>

/*
 * The controlling end of a new terminal, not blocking, or -errno; the path of the other end goes to name (pty(7), which
 * glibc's module map leaves out).
 */
int pseudo_terminal_open(char *name, size_t size);

#endif
