// SPDX-License-Identifier: BSD-2-Clause
/* Several threads on one socket. */
#include <pthread.h>

#include "reader.h"

enum manner { BY_TIME, BY_TURNS, ANYHOW };

struct reader {
	pthread_t thread;
	int fd, number;
	enum manner manner;
	struct tally tally;
};

static volatile int is_over;

static pthread_mutex_t turns = PTHREAD_MUTEX_INITIALIZER;

/* Asks and reads: whether something was there. */
static int read_next(struct reader *reader)
{
	__u64 value = 0, read = 0;
	int err, size;

	if (reader->manner == BY_TURNS)
		pthread_mutex_lock(&turns);
	err = pktmeta_next(reader->fd, reader->number, &value, sizeof(value));
	size = receive(reader->fd, &read, 0);
	if (reader->manner == BY_TURNS)
		pthread_mutex_unlock(&turns);
	if (size >= 0)
		take(&reader->tally, err, value == read);
	return size >= 0;
}

static void *read_along(void *argument)
{
	struct reader *reader = argument;

	while (!is_over)
		if (!(reader->manner == BY_TIME ? read_and_ask(reader->fd, reader->number, &reader->tally)
						: read_next(reader)))
			sched_yield();
	return NULL;
}

static void read_by_threads(const char *what, enum manner manner)
{
	struct reader readers[4] = {0};
	struct tally all = {0};
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number");

	if (manner == BY_TIME)
		receive_at(fd);
	for (int i = 0; i < 4; i++) {
		readers[i] = (struct reader){.fd = fd, .number = number, .manner = manner};
		pthread_create(&readers[i].thread, NULL, read_along, &readers[i]);
	}
	for (int sent = 0; sent < count; sent += AT_ONCE)
		send_some(sent);
	usleep(100000);
	is_over = 1;
	for (int i = 0; i < 4; i++) {
		pthread_join(readers[i].thread, NULL);
		all.right += readers[i].tally.right;
		all.wrong += readers[i].tally.wrong;
		for (int k = 0; k < 140; k++)
			all.errors[k] += readers[i].tally.errors[k];
	}
	tell(what, &all);
}

static void udp_at_threads(void)
{
	read_by_threads("at, four threads", BY_TIME);
}

/* What goes wrong if threads that read do not take turns. */
static void udp_next_threads(void)
{
	read_by_threads("next, four threads", ANYHOW);
}

static void udp_next_turns(void)
{
	read_by_threads("next, four threads in turn", BY_TURNS);
}

const struct scenario thread_scenarios[] = {
	{"at-threads", udp_at_threads},
	{"next-threads", udp_next_threads},
	{"next-turns", udp_next_turns},
	{},
};
