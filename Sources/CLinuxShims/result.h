/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RESULT_H
#define RESULT_H

#include <errno.h>

/* What a call of the C library returned, or -errno for its -1. */
static inline int result(long value)
{
	return value < 0 ? -errno : (int)value;
}

#endif
