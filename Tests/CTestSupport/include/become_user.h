/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread that goes on as another user. */
#ifndef BECOME_USER_H
#define BECOME_USER_H

/*
 * 0 or -errno: this thread alone has that user and group from now on, and of the capabilities (bit k = capability k)
 * those that it had. There is no way back.
 */
int become_user(unsigned int user, unsigned int group, unsigned long long capabilities);

#endif
