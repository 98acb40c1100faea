// SPDX-License-Identifier: BSD-2-Clause
/* Several threads on one socket. */
#include <pthread.h>

#include "reader.h"

struct reader {
	pthread_t thread;
	int fd, number, is_by_time;
	struct tally tally;
};

static volatile int is_over;

static void *read_along(void *argument)
{
	struct reader *reader = argument;
	struct timespec time;
	__u64 value = 0, read = 0;

	while (!is_over) {
		int err;

		if (reader->is_by_time) {
			if (receive_message(reader->fd, &read, &time, NULL, MSG_DONTWAIT) < 0) {
				sched_yield();
				continue;
			}
			err = pktmeta_at(reader->fd, reader->number, &time, &value, sizeof(value));
		} else {
			err = pktmeta_next(reader->fd, reader->number, &value, sizeof(value));
			if (receive(reader->fd, &read, 0) < 0) {
				sched_yield();
				continue;
			}
		}
		take(&reader->tally, err, value == read);
	}
	return NULL;
}

static void read_by_threads(const char *what, int is_by_time)
{
	struct reader readers[4] = {0};
	struct tally all = {0};
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number");

	if (is_by_time)
		checked(pktmeta_receive_at(fd), "pktmeta_receive_at");
	usleep(100000);
	for (int i = 0; i < 4; i++) {
		readers[i] = (struct reader){.fd = fd, .number = number, .is_by_time = is_by_time};
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
	read_by_threads("at, four threads", 1);
}

/* What goes wrong if threads that read do not take turns. */
static void udp_next_threads(void)
{
	read_by_threads("next, four threads", 0);
}

const struct scenario thread_scenarios[] = {
	{"at-threads", udp_at_threads},
	{"next-threads", udp_next_threads},
	{},
};
