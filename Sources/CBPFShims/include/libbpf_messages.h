/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libbpf prints, kept instead of printed: its callback takes a va_list, which Swift can't read.
 */
#ifndef LIBBPF_MESSAGES_H
#define LIBBPF_MESSAGES_H

/* From now on, forgets what this thread's libbpf calls have said and keeps what they say. */
void libbpf_messages_begin(void);

/* What they said since: one message a line, warnings only. Owned by this thread, good until the next begin. */
const char *libbpf_messages_text(void);

#endif
