// SPDX-License-Identifier: BSD-2-Clause
/*
 * Segments of TCP in each order in which a network may bring them. The bytes of each are a letter of its own, and its
 * field says which: so an answer is right if the bytes that are read are that letter.
 */
#include "frames.h"

#define SEGMENTS_MAX 6

static const struct {
	const char *what;
	struct segment segments[SEGMENTS_MAX];
} cases[] = {
	{"in order", {{0, 100, 'A'}, {100, 200, 'B'}, {200, 300, 'C'}}},
	{"out of order", {{200, 300, 'C'}, {100, 200, 'B'}, {0, 100, 'A'}}},
	{"sent again", {{0, 100, 'A'}, {0, 100, 'a'}, {100, 200, 'B'}}},
	{"sent again, earlier", {{100, 200, 'B'}, {100, 200, 'b'}, {0, 100, 'A'}}},
	{"the same sent again", {{0, 100, 'A'}, {0, 100, 'A'}, {100, 200, 'B'}}},
	{"overlapping", {{0, 100, 'A'}, {50, 150, 'B'}, {150, 200, 'C'}}},
	{"overlapping out of order", {{100, 200, 'C'}, {50, 150, 'B'}, {0, 100, 'A'}}},
	{"within a larger one", {{200, 300, 'C'}, {100, 400, 'D'}, {0, 100, 'A'}}},
	{"larger than those between", {{0, 100, 'A'}, {200, 300, 'C'}, {50, 350, 'D'}}},
	{"a wrong checksum", {{0, 100, 'x', 0, WRONG}, {0, 100, 'A'}, {100, 200, 'B'}}},
	{"far ahead", {{1 << 28, (1 << 28) + 100, 'x'}, {0, 100, 'A'}}},
	{"with FIN", {{0, 100, 'A'}, {100, 200, 'B', FIN}}},
	{"with FIN, sent again", {{0, 100, 'A'}, {100, 200, 'B', FIN}, {100, 200, 'B', FIN}}},
	{"FIN, then sent again", {{0, 100, 'A'}, {100, 200, 'B'}, {200, 200, 'x', FIN}, {100, 200, 'B'}}},
	{"FIN first", {{200, 200, 'x', FIN}, {100, 200, 'B'}, {0, 100, 'A'}}},
	{"urgent at the end", {{0, 100, 'A', URG, RIGHT, 100}, {100, 200, 'B'}}},
	{"urgent at the start", {{0, 100, 'A'}, {100, 200, 'B', URG, RIGHT, 1}}},
	{"urgent alone", {{0, 100, 'A'}, {100, 101, 'u', URG, RIGHT, 1}, {101, 200, 'B'}}},
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

/* Asks, and reads no more than the answer is about: how many bytes. */
static int read_letters(int fd, int number, struct tally *tally)
{
	char bytes[4096];
	__u64 value = 0;
	size_t about;
	int err = pktmeta_next_bytes(fd, number, &value, sizeof(value), &about), size, is_right = 1;

	if (err == -EAGAIN)
		return 0;
	if (!about || about > sizeof(bytes))
		about = 1;
	size = recv(fd, bytes, about, MSG_DONTWAIT);
	for (int i = 0; i < size; i++)
		is_right &= bytes[i] == letter_of(value);
	/* An answer for which nothing is there to be read is wrong too. */
	take(tally, err, size > 0 && is_right);
	return size > 0 ? size : 0;
}

/* Listens, with areas kept if that way is attached. */
static int listening_as_may_be(void)
{
	int fd = listening(0);

	pktmeta_receive_bytes(fd);
	checked(listen(fd, 16), "listen");
	return fd;
}

static const struct segment nothing = {.letter = 'h'};

static void tcp_segments(void)
{
	int listener = listening_as_may_be(), number = id_of(listener, "number");

	for (size_t i = 0; i < CASES; i++) {
		struct tally tally = {0};
		struct peer peer;
		int fd = connect_peer(&peer, listener, 2000 + i, 0x10000000 * i + 77, nothing);

		for (int k = 0; k < SEGMENTS_MAX && cases[i].segments[k].letter; k++)
			send_segment(&peer, cases[i].segments[k]);
		usleep(2000);
		while (read_letters(fd, number, &tally))
			;
		tell(cases[i].what, &tally);
		close(fd);
	}
}

/* Sequence numbers that come round in between. */
static void tcp_round(void)
{
	int listener = listening_as_may_be(), number = id_of(listener, "number");
	struct tally tally = {0};
	struct peer peer;
	int fd = connect_peer(&peer, listener, 2100, 0xffffff80, nothing);

	for (int i = 0; i < 4; i++)
		send_segment(&peer, (struct segment){i * 100, i * 100 + 100, 'A' + i});
	usleep(2000);
	while (read_letters(fd, number, &tally))
		;
	tell("round", &tally);
}

/* Bytes that come with the packet which ends the handshake: the listening socket is what the kernel looks it up by. */
static void tcp_first_bytes(void)
{
	int listener = listening_as_may_be(), number = id_of(listener, "number"), fd;
	struct tally tally = {0};
	struct peer peer;

	fd = connect_peer(&peer, listener, 2200, 1000, (struct segment){0, 100, 'X', PSH});
	send_segment(&peer, (struct segment){100, 200, 'Y'});
	usleep(2000);
	while (read_letters(fd, number, &tally))
		;
	tell("first", &tally);
	/* Another connection, some bytes of which have numbers that the first one's had. */
	tally = (struct tally){0};
	fd = connect_peer(&peer, listener, 2201, 900, nothing);
	send_segment(&peer, (struct segment){0, 100, 'A'});
	send_segment(&peer, (struct segment){100, 200, 'B'});
	usleep(2000);
	while (read_letters(fd, number, &tally))
		;
	tell("another's", &tally);
}

/* Whether the answer about bytes that are still to be read says their letter. */
static void ask_letter(int fd, int number, char letter, struct tally *tally)
{
	__u64 value = 0;
	size_t about;
	int err = pktmeta_next_bytes(fd, number, &value, sizeof(value), &about);

	take(tally, err, letter_of(value) == letter);
}

/*
 * Bytes that are sent again while they wait, and so much behind them that their own area is given up before that of
 * what came again.
 */
static void tcp_late(void)
{
	int listener = listening_as_may_be(), number = id_of(listener, "number");
	struct tally tally = {0};
	struct peer peer;
	int fd = connect_peer(&peer, listener, 2300, 5000, nothing);

	send_segment(&peer, (struct segment){0, 10, 'Z'});
	send_segment(&peer, (struct segment){10, 20, 'A'});
	send_segment(&peer, (struct segment){10, 20, 'a'});
	usleep(2000);
	checked(recv(fd, (char[10]){0}, 10, MSG_DONTWAIT), "recv");
	for (int i = 0; i < 150; i++) {
		ask_letter(fd, number, 'A', &tally);
		send_segment(&peer, (struct segment){20 + i, 21 + i, 'B' + i % 2});
	}
	tell("late", &tally);
}

/* Asks for areas to be kept when bytes are there already, which then come again. */
static void tcp_asked_late(void)
{
	int listener = listening(0), number = id_of(listener, "number");
	struct tally tally = {0};
	struct peer peer;
	int fd = connect_peer(&peer, listener, 2400, 7000, nothing);

	send_segment(&peer, (struct segment){0, 10, 'Z'});
	send_segment(&peer, (struct segment){10, 20, 'A'});
	send_segment(&peer, (struct segment){30, 40, 'C'});
	usleep(2000);
	pktmeta_receive_bytes(fd);
	send_segment(&peer, (struct segment){10, 20, 'a'});
	send_segment(&peer, (struct segment){30, 40, 'c'});
	send_segment(&peer, (struct segment){20, 30, 'B'});
	send_segment(&peer, (struct segment){40, 50, 'D'});
	usleep(2000);
	while (read_letters(fd, number, &tally))
		;
	tell("asked late", &tally);
}

/* No program is attached as bytes come, which come again when one is. */
static void tcp_gap(void)
{
	int listener = listening_as_may_be(), number = id_of(listener, "number");
	struct tally tally = {0};
	struct peer peer;
	int fd = connect_peer(&peer, listener, 2600, 8000, nothing);

	send_segment(&peer, (struct segment){0, 10, 'Z'});
	usleep(2000);
	run_command("detach");
	send_segment(&peer, (struct segment){10, 20, 'A'});
	usleep(2000);
	run_command("attach");
	send_segment(&peer, (struct segment){10, 20, 'a'});
	send_segment(&peer, (struct segment){20, 30, 'B'});
	usleep(2000);
	while (read_letters(fd, number, &tally))
		;
	tell("gap", &tally);
}

/*
 * A receive buffer so small that the kernel copies packets together to make room, and drops what it cannot keep:
 * everything is sent again until it is there.
 */
static void tcp_small_buffer(void)
{
	const int size = 20, pieces = 60;
	int listener = listening_as_may_be(), number = id_of(listener, "number"), fd, read = 0, most = 0;
	struct tally tally = {0};
	struct peer peer;

	set(listener, SOL_SOCKET, SO_RCVBUF, 1);
	fd = connect_peer(&peer, listener, 2500, 9000, nothing);
	for (int round = 0; round < 1000 && read < pieces * size; round++) {
		int waiting = 0;

		for (int i = read / size; i < pieces; i++)
			send_segment(&peer, (struct segment){i * size, i * size + size, 'A' + i % 26});
		usleep(1000);
		checked(ioctl(fd, FIONREAD, &waiting), "FIONREAD");
		most = waiting > most ? waiting : most;
		/* Half of it, so that there is always something that waits for longer. */
		for (int left = (waiting + 1) / 2; left > 0;) {
			int got = read_letters(fd, number, &tally);

			if (!got)
				break;
			read += got;
			left -= got;
		}
	}
	printf("%d bytes, up to %d of them waiting; ", read, most);
	tell("small buffer", &tally);
}

const struct scenario segment_scenarios[] = {
	{"segments", tcp_segments},           {"round", tcp_round},
	{"first-bytes", tcp_first_bytes},     {"late", tcp_late},
	{"asked-late", tcp_asked_late},       {"small-buffer", tcp_small_buffer},
	{"gap", tcp_gap, .is_privileged = 1}, {},
};
