// SPDX-License-Identifier: BSD-2-Clause
/* TCP by the kernel: request by request, merged, and in bulk. */
#include <poll.h>
#include <sys/wait.h>

#include "reader.h"

/* Each packet's field is its own sequence number: of its first byte. */
struct stream {
	int fd, id;
	__u32 start, read;
	int has_begun;
	struct tally tally;
};

/* Asks, and reads no more than the answer is about: bytes, or none if none are there. */
static int read_run(struct stream *stream, size_t most)
{
	static char buffer[1 << 20];
	__u32 value = 0;
	size_t bytes = 0;
	int err = pktmeta_next_bytes(stream->fd, stream->id, &value, sizeof(value), &bytes), size;

	if (err == -EAGAIN)
		return 0;
	value = ntohl(value);
	if (!stream->has_begun && !err) {
		stream->start = value - stream->read;
		stream->has_begun = 1;
	}
	/* A segment that was merged by GRO, or sent as one, is longer than its own first packet. */
	take(&stream->tally, err, stream->read - (value - stream->start) < most);
	if (!bytes)
		bytes = 1;
	size = checked(read(stream->fd, buffer, bytes < sizeof(buffer) ? bytes : sizeof(buffer)), "read");
	stream->read += size;
	return size;
}

static void tcp_requests(void)
{
	int fd = accepted(listening(0));
	struct stream stream = {.fd = fd, .id = id_of(fd, "sequence")};
	char request[100] = {0};

	for (int i = 0; i < count; i++) {
		checked(write(tcp_sender, request, sizeof(request)), "write");
		while (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 1000) > 0 && read_run(&stream, 1))
			break;
	}
	tell("requests", &stream.tally);
}

static void read_merged(const char *what, int is_keeping)
{
	int fd = accepted(listening(is_keeping));
	struct stream stream = {.fd = fd, .id = id_of(fd, "sequence")};
	char request[200] = {0};

	for (int i = 0; i < 40; i++) {
		checked(write(tcp_sender, request, 100 + i), "write");
		usleep(500); /* or the sender puts several in one packet */
	}
	usleep(20000);
	while (read_run(&stream, 1))
		;
	tell(what, &stream.tally);
}

static void tcp_merged(void)
{
	read_merged("merged", 0);
}

static void tcp_bytes(void)
{
	read_merged("bytes", 1);
}

static void tcp_bulk(void)
{
	int fd = accepted(listening(1));
	struct stream stream = {.fd = fd, .id = id_of(fd, "sequence")};
	static char bytes[60000];
	int child = fork();

	if (!child) {
		for (int i = 0; i < count; i++)
			checked(write(tcp_sender, bytes, sizeof(bytes)), "write");
		_exit(0);
	}
	while (stream.read < (__u32)count * sizeof(bytes))
		if (!read_run(&stream, 65536))
			usleep(50);
	waitpid(child, NULL, 0);
	tell("bulk", &stream.tally);
}

const struct scenario stream_scenarios[] = {
	{"requests", tcp_requests}, {"merged", tcp_merged}, {"bytes", tcp_bytes}, {"bulk", tcp_bulk}, {},
};
