// SPDX-License-Identifier: BSD-2-Clause
/*
 * Many datagrams while somebody registers, unregisters and moves fields: each answer is compared with the datagram's
 * own bytes. A field "number" is always there, fields "churn_0" and so on now and then; what each is set from are
 * bytes that no other datagram has, nor another place in it.
 */
#include <pthread.h>

#include "reader.h"

#define SIZE 64
#define BURST 50
#define CHURNED 5

struct churned {
	int id, earlier; /* 0: none; an earlier one must be answered no more */
	__u32 size;
};

/* Whoever asks has one of these. */
struct inquirer {
	pthread_t thread;
	int fd, number;
	struct churned churned[CHURNED];
	long datagrams, numbers, others, gone, marks, wrong;
};

/* Of the datagram, at this place: churned fields are set from what is behind the number. */
static const char *bytes_of(const char *datagram, int field)
{
	return datagram + 8 * (field + 1);
}

static __u64 mix(__u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static void send_burst(__u64 first)
{
	struct place place = receiver_at(PORT);
	__u64 words[SIZE / 8];

	for (__u64 i = first; i < first + BURST; i++) {
		for (int k = 0; k < SIZE / 8; k++)
			words[k] = mix(i * (SIZE / 8) + k + 1);
		checked(sendto(udp_sender, words, sizeof(words), 0, &place.any, place.size), "sendto");
	}
}

/* Which fields there are now. */
static void look_around(struct inquirer *q)
{
	struct pktmeta_socket_field field;

	for (int slot = 0; !pktmeta_next_field(q->fd, slot, &field); slot = field.slot + 1) {
		struct churned *churned = &q->churned[(field.name[6] - '0') % CHURNED];

		if (strncmp(field.name, "churn_", 6) || churned->id == (int)field.id)
			continue;
		churned->earlier = churned->id;
		churned->id = field.id;
		churned->size = field.size;
	}
}

/* What was answered, and what it should have been. */
static void judge(struct inquirer *q, long *right, int err, const void *value, const void *bytes, size_t size)
{
	if (err == -ENOENT || err == -EFAULT)
		q->gone++;
	else if (err && err != -ESTALE)
		q->wrong++; /* the contract has no other */
	else if (!err && memcmp(value, bytes, size))
		q->wrong++;
	else if (!err)
		++*right;
}

static void report(const char *way, const struct inquirer *q)
{
	printf("%s: %ld datagrams, %ld numbers, %ld others, %ld gone, %ld marks, %ld wrong\n", way, q->datagrams,
	       q->numbers, q->others, q->gone, q->marks, q->wrong);
}

/* One by one. */
static void torture_next(void)
{
	struct inquirer q = {.fd = bound(SOCK_DGRAM)};
	char datagram[SIZE], value[64], other[64], earlier[64];

	q.number = id_of(q.fd, "number");
	for (long sent = 0; sent < count; sent += BURST) {
		send_burst(sent);
		look_around(&q);
		for (;;) {
			int field = q.datagrams % CHURNED;
			const struct churned *churned = &q.churned[field];
			int err = pktmeta_next(q.fd, q.number, value, 8);
			int other_err = pktmeta_next(q.fd, churned->id, other, churned->size);
			int earlier_err = pktmeta_next(q.fd, churned->earlier, earlier, churned->size);

			if (recv(q.fd, datagram, SIZE, MSG_DONTWAIT) < 0)
				break;
			q.datagrams++;
			judge(&q, &q.numbers, err, value, datagram, 8);
			judge(&q, &q.others, other_err, other, bytes_of(datagram, field), churned->size);
			q.wrong += !earlier_err;
		}
	}
	report("next", &q);
}

static void torture_batch(void)
{
	struct inquirer q = {.fd = bound(SOCK_DGRAM)};
	char datagram[SIZE], values[8 * BURST], others[16 * BURST];
	int errors[BURST], other_errors[BURST];

	q.number = id_of(q.fd, "number");
	for (long sent = 0; sent < count; sent += BURST) {
		send_burst(sent);
		look_around(&q);
		for (;;) {
			int field = q.datagrams / BURST % CHURNED;
			const struct churned *churned = &q.churned[field];
			int got = pktmeta_next_batch(q.fd, q.number, values, 8, errors, BURST);
			int other_got =
				pktmeta_next_batch(q.fd, churned->id, others, churned->size, other_errors, BURST);

			if (got <= 0)
				break;
			for (int i = 0; i < got; i++) {
				checked(recv(q.fd, datagram, SIZE, MSG_DONTWAIT), "recv");
				q.datagrams++;
				judge(&q, &q.numbers, errors[i], values + 8 * i, datagram, 8);
				if (i < other_got)
					judge(&q, &q.others, other_errors[i], others + churned->size * i,
					      bytes_of(datagram, field), churned->size);
			}
		}
	}
	report("batch", &q);
}

/* Receives with timestamp and mark, and asks by the one. Whether something was there. */
static int receive_and_ask(struct inquirer *q, int marked)
{
	char datagram[SIZE], control[256], value[64], other[64], earlier[64];
	struct iovec part = {datagram, sizeof(datagram)};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	int field = q->datagrams % CHURNED;
	const struct churned *churned = &q->churned[field];
	struct timespec time = {0};
	__u32 mark = 0;

	if (recvmsg(q->fd, &message, MSG_DONTWAIT) < 0)
		return 0;
	q->datagrams++;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS)
			memcpy(&time, CMSG_DATA(c), sizeof(time));
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_MARK)
			memcpy(&mark, CMSG_DATA(c), sizeof(mark));
	}
	judge(q, &q->numbers, pktmeta_at(q->fd, q->number, &time, value, 8), value, datagram, 8);
	judge(q, &q->others, pktmeta_at(q->fd, churned->id, &time, other, churned->size), other,
	      bytes_of(datagram, field), churned->size);
	q->wrong += !pktmeta_at(q->fd, churned->earlier, &time, earlier, churned->size);
	if (mark && memcmp(&mark, bytes_of(datagram, marked), sizeof(mark)))
		q->wrong++;
	else if (mark)
		q->marks++;
	return 1;
}

/* The churned field that comes as the mark, of 4 bytes: anew where it has another id by now. */
#define MARKED 0

static void ask_for_mark(struct inquirer *q)
{
	static int last;

	if (q->churned[MARKED].id && q->churned[MARKED].id != last &&
	    !pktmeta_receive_mark(q->fd, q->churned[MARKED].id))
		last = q->churned[MARKED].id;
}

static void torture_at(void)
{
	struct inquirer q = {.fd = bound(SOCK_DGRAM)};

	q.number = id_of(q.fd, "number");
	receive_at(q.fd);
	for (long sent = 0; sent < count; sent += BURST) {
		look_around(&q);
		ask_for_mark(&q);
		send_burst(sent);
		while (receive_and_ask(&q, MARKED))
			;
	}
	report("at", &q);
}

/* Four threads. */

static long taken;
static int is_over;

static void *receive_along(void *argument)
{
	struct inquirer *q = argument;

	while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) {
		look_around(q);
		for (int i = 0; i < BURST; i++) {
			if (!receive_and_ask(q, MARKED)) {
				sched_yield();
				break;
			}
			__atomic_add_fetch(&taken, 1, __ATOMIC_RELAXED);
		}
	}
	return NULL;
}

static void torture_threads(void)
{
	struct inquirer all = {.fd = bound(SOCK_DGRAM)}, threads[4];

	all.number = id_of(all.fd, "number");
	receive_at(all.fd);
	for (int i = 0; i < 4; i++) {
		threads[i] = all;
		pthread_create(&threads[i].thread, NULL, receive_along, &threads[i]);
	}
	for (long sent = 0; sent < count; sent += BURST) {
		look_around(&all);
		ask_for_mark(&all);
		send_burst(sent);
		/* Not so many that wait as have no area kept any more. */
		for (int i = 0; i < 1000 && __atomic_load_n(&taken, __ATOMIC_RELAXED) < sent + BURST; i++)
			sched_yield();
	}
	usleep(100000);
	__atomic_store_n(&is_over, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i].thread, NULL);
		all.datagrams += threads[i].datagrams;
		all.numbers += threads[i].numbers;
		all.others += threads[i].others;
		all.gone += threads[i].gone;
		all.marks += threads[i].marks;
		all.wrong += threads[i].wrong;
	}
	report("threads", &all);
}

const struct scenario torture_scenarios[] = {
	{"torture-next", torture_next},
	{"torture-batch", torture_batch},
	{"torture-at", torture_at},
	{"torture-threads", torture_threads},
	{},
};
