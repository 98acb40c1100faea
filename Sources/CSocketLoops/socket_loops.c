// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "socket_loops.h"

#include <pktmeta/socket.h>
#include <string.h>

#define BATCH 32

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int read_one(int socket)
{
	char bytes[64];

	return recv(socket, bytes, sizeof(bytes), MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* With whatever the socket has asked to be told. */
static int read_message(int socket, struct timespec *time)
{
	char bytes[64];
	union {
		struct cmsghdr header;
		char bytes[256];
	} control;
	struct iovec part = {bytes, sizeof(bytes)};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct cmsghdr *told;

	if (recvmsg(socket, &message, MSG_DONTWAIT) < 0)
		return -errno;
	told = CMSG_FIRSTHDR(&message);
	if (told && told->cmsg_len >= CMSG_LEN(sizeof(*time)))
		memcpy(time, CMSG_DATA(told), sizeof(*time));
	return 0;
}

static int read_behind_option(int socket)
{
	int type, err;
	socklen_t size = sizeof(type);

	err = getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) ? -errno : 0;
	return err ? err : read_one(socket);
}

static int read_behind_question(int socket, int id)
{
	__u64 value;
	int err = pktmeta_next(socket, id, &value, sizeof(value));

	return err ? err : read_one(socket);
}

static int read_batch(int socket, int id)
{
	__u64 values[BATCH];
	int errors[BATCH], err = pktmeta_next_batch(socket, id, values, sizeof(values[0]), errors, BATCH);

	if (err != BATCH)
		return err < 0 ? err : -EIO;
	for (int i = 0; i < BATCH; i++) {
		err = errors[i] ? errors[i] : read_one(socket);
		if (err)
			return err;
	}
	return 0;
}

static int read_before_question(int socket, int id)
{
	struct timespec time;
	__u64 value;
	int err = read_message(socket, &time);

	return err ? err : pktmeta_at(socket, id, &time, &value, sizeof(value));
}

int64_t socket_loop(enum socket_loop loop, int socket, int id, int count)
{
	struct timespec time;
	int64_t start = now();
	int err = 0;

	for (int i = 0; i < count && !err; i += loop == SOCKET_LOOP_BATCH ? BATCH : 1) {
		switch (loop) {
		case SOCKET_LOOP_RECV:
			err = read_one(socket);
			break;
		case SOCKET_LOOP_OPTION:
			err = read_behind_option(socket);
			break;
		case SOCKET_LOOP_NEXT:
			err = read_behind_question(socket, id);
			break;
		case SOCKET_LOOP_BATCH:
			err = read_batch(socket, id);
			break;
		case SOCKET_LOOP_RECVMSG:
			err = read_message(socket, &time);
			break;
		case SOCKET_LOOP_AT:
			err = read_before_question(socket, id);
			break;
		}
	}
	return err ? err : now() - start;
}

int socket_ask_for_times(int socket)
{
	return pktmeta_receive_at(socket);
}

int socket_ask_for_marks(int socket, int id)
{
	return pktmeta_receive_mark(socket, id);
}

int socket_ask_for_plain_times(int socket)
{
	return __pktmeta_ask_kernel_for(socket, __PKTMETA_SO_TIMESTAMPNS);
}

int socket_field(int socket, const char *name)
{
	return pktmeta_field_id(socket, name);
}
