// SPDX-License-Identifier: BSD-2-Clause
/* The ways in which an application can read a stream: each returns the bytes that the answer before it was about. */
#include <poll.h>
#include <sys/uio.h>

#include "frames.h"

/* Reads at most so many bytes into a buffer: how many. */
typedef int reading(int fd, char *bytes, size_t most);

static int by_read(int fd, char *bytes, size_t most)
{
	return read(fd, bytes, most);
}

static int by_recvmsg(int fd, char *bytes, size_t most)
{
	struct iovec parts[2] = {{bytes, most / 2}, {bytes + most / 2, most - most / 2}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	return recvmsg(fd, &message, 0);
}

static int by_waitall(int fd, char *bytes, size_t most)
{
	return recv(fd, bytes, most, MSG_WAITALL);
}

/* Looks at the bytes first, and at more than the answer was about. */
static int by_peek(int fd, char *bytes, size_t most)
{
	char more[4096];
	int seen = recv(fd, more, sizeof(more), MSG_PEEK), got = recv(fd, bytes, most, 0);

	return seen >= got && !memcmp(more, bytes, got) ? got : -1;
}

static int by_copied_descriptor(int fd, char *bytes, size_t most)
{
	int other = checked(dup(fd), "dup"), got = read(other, bytes, most);

	close(other);
	return got;
}

static int by_splice(int fd, char *bytes, size_t most)
{
	int ends[2], got;

	checked(pipe(ends), "pipe");
	got = checked(splice(fd, NULL, ends[1], NULL, most, 0), "splice");
	got = read(ends[0], bytes, got);
	close(ends[0]);
	close(ends[1]);
	return got;
}

static const struct {
	const char *what;
	reading *read;
	int least; /* SO_RCVLOWAT */
} ways[] = {
	{"read", by_read},
	{"recvmsg", by_recvmsg},
	{"MSG_WAITALL", by_waitall},
	{"MSG_PEEK", by_peek},
	{"dup", by_copied_descriptor},
	{"splice", by_splice},
	{"SO_RCVLOWAT", by_read, 400},
};

/* 10 packets, of 100 bytes each. */
#define PACKETS 10
#define PACKET 100

static void tcp_ways(void)
{
	int listener = listening(1), number = id_of(listener, "number");
	char bytes[4096];

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct tally tally = {0};
		struct peer peer;
		int fd = connect_peer(&peer, listener, 4000 + i, 100000 * i, (struct segment){.letter = 'h'});

		if (ways[i].least)
			set(fd, SOL_SOCKET, SO_RCVLOWAT, ways[i].least);
		for (int k = 0; k < PACKETS; k++)
			send_segment(&peer, (struct segment){k * PACKET, k * PACKET + PACKET, 'A' + k});
		for (int read = 0; read < PACKETS * PACKET;) {
			__u64 value = 0;
			size_t about;
			int err, got, is_right = 1;

			if (PACKETS * PACKET - read >= ways[i].least)
				poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 1000);
			err = pktmeta_next_bytes(fd, number, &value, sizeof(value), &about);
			got = checked(ways[i].read(fd, bytes, about ? about : 1), ways[i].what);
			for (int k = 0; k < got; k++)
				is_right &= bytes[k] == letter_of(value);
			take(&tally, err, is_right && got == (int)about);
			read += got;
		}
		tell(ways[i].what, &tally);
		close(fd);
	}
}

/* A connection of which nothing has come yet, and one that was ended by the other side. */
static void tcp_empty(void)
{
	int listener = listening(1), number = id_of(listener, "number"), fd;
	struct tally tally = {0};
	struct peer peer;
	__u64 value;
	size_t about;

	fd = connect_peer(&peer, listener, 4100, 1, (struct segment){.letter = 'h'});
	take(&tally, pktmeta_next_bytes(fd, number, &value, sizeof(value), &about), 0);
	take(&tally, pktmeta_next(fd, number, &value, sizeof(value)), 0);
	tell("before the first byte", &tally);
	tally = (struct tally){0};
	send_segment(&peer, (struct segment){0, 0, 'h', FIN});
	poll(&(struct pollfd){.fd = fd, .events = POLLRDHUP}, 1, 1000);
	take(&tally, pktmeta_next_bytes(fd, number, &value, sizeof(value), &about), 0);
	take(&tally, pktmeta_next(fd, number, &value, sizeof(value)), 0);
	printf("a read returns %zd; ", read(fd, &value, sizeof(value)));
	tell("behind the last byte", &tally);
}

const struct scenario stream_read_scenarios[] = {
	{"tcp-ways", tcp_ways},
	{"tcp-empty", tcp_empty},
	{},
};
