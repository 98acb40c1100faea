// SPDX-License-Identifier: BSD-2-Clause
#include "libbpf_messages.h"

#include <bpf/libbpf.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char text[16384];
static _Thread_local size_t length;

static int keep(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level != LIBBPF_WARN || length + 1 >= sizeof(text))
		return 0;
	int n = vsnprintf(text + length, sizeof(text) - length, format, arguments);
	if (n > 0)
		length = length + n < sizeof(text) ? length + n : sizeof(text) - 1;
	return 0;
}

static void install(void)
{
	libbpf_set_print(keep);
}

void libbpf_messages_begin(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, install);
	length = 0;
	text[0] = '\0';
}

const char *libbpf_messages_text(void)
{
	return text;
}
