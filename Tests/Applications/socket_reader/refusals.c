// SPDX-License-Identifier: BSD-2-Clause
/* What is refused, and values of each size. */
#include <sys/mman.h>
#include <sys/wait.h>

#include "reader.h"

static void say(const char *what, int err)
{
	printf("%s: %s\n", what, err == 0 ? "0" : err > 0 ? "?" : strerrorname_np(-err));
}

static void refusals(void)
{
	int udp = bound(SOCK_DGRAM), tcp = listening(0), number = id_of(udp, "number"), fd;
	unsigned char large[8192];
	socklen_t size = 4;
	size_t bytes;
	__u64 value;

	say("empty", pktmeta_next(udp, number, &value, sizeof(value)));
	say("listening", pktmeta_next(tcp, number, &value, sizeof(value)));
	say("bytes of a datagram", pktmeta_next_bytes(udp, number, &value, sizeof(value), &bytes));
	send_datagram(1, 64);
	usleep(10000);
	say("no such field", pktmeta_next(udp, 0x01ffff01, &value, sizeof(value)));
	say("no id", pktmeta_next(udp, -2, &value, sizeof(value)));
	say("other size", pktmeta_next(udp, number, &value, 4));
	say("larger size", pktmeta_next(udp, number, &large, 64));
	say("too large", pktmeta_next(udp, number, &large, 65));
	say("not set", pktmeta_next(udp, id_of(udp, "unset"), &value, sizeof(value)));
	say("no such name", pktmeta_field_id(udp, "nothing"));
	say("hidden name", pktmeta_field_id(udp, "hidden"));
	say("mark of 8 bytes", pktmeta_receive_mark(udp, number));
	say("never kept", pktmeta_at(udp, number, &(struct timespec){1, 1}, &value, sizeof(value)));
	say("small buffer",
	    getsockopt(udp, PKTMETA_SOCKET_LEVEL(PKTMETA_WAY_NEXT, number), 0, large, &size) ? -errno : 0);
	size = sizeof(large);
	say("large buffer",
	    getsockopt(udp, PKTMETA_SOCKET_LEVEL(PKTMETA_WAY_NEXT, number), 0, large, &size) ? -errno : 0);
	say("other way", getsockopt(udp, PKTMETA_SOCKET_LEVEL(9, number), 0, large, &size) ? -errno : 0);
	say("no place", getsockopt(udp, PKTMETA_SOCKET_LEVEL(PKTMETA_WAY_NEXT, number), 0, NULL, &size) ? -errno : 0);
	size = 1;
	say("set garbage", setsockopt(udp, PKTMETA_SOCKET_LEVEL(PKTMETA_WAY_AT, 0), 0, large, 1) ? -errno : 0);
	fd = checked(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");
	say("UNIX", pktmeta_next(fd, number, &value, sizeof(value)));
	fd = socket(AF_INET, SOCK_STREAM, 262);
	if (fd >= 0)
		say("MPTCP", pktmeta_next(fd, number, &value, sizeof(value)));
	close(udp);
	say("closed", pktmeta_next(udp, number, &value, sizeof(value)));
}

/* Values of each size. */
static void sizes(void)
{
	int fd = bound(SOCK_DGRAM);
	struct pktmeta_socket_field field;
	unsigned char value[64];
	int slot = 0;

	send_datagram(1, 64);
	usleep(10000);
	while (!pktmeta_next_field(fd, slot, &field)) {
		int err = pktmeta_next(fd, field.id, value, field.size);

		printf("%s, type %u, %u bytes: ", field.name, field.type, field.size);
		if (err)
			printf("%s", strerrorname_np(-err));
		for (__u32 i = 0; !err && i < field.size; i++)
			printf("%02x", value[i]);
		printf("\n");
		slot = field.slot + 1;
	}
}

/* The same question as 32-bit programs ask, by their own call of the kernel. */
static void compat(void)
{
#ifdef __x86_64__
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number"), status;
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	pid_t child;

	checked(low == MAP_FAILED ? -1 : 0, "mmap");
	send_datagram(1, 64);
	usleep(10000);
	*(socklen_t *)low = 16;
	child = checked(fork(), "fork");
	if (!child) { /* a kernel without 32-bit programs ends it */
		int result;

		asm volatile("int $0x80"
			     : "=a"(result)
			     : "a"(365) /* getsockopt */, "b"(fd), "c"(PKTMETA_SOCKET_LEVEL(PKTMETA_WAY_NEXT, number)),
			       "d"(0), "S"(low + 64), "D"(low)
			     : "memory");
		_exit(-result);
	}
	waitpid(child, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) == ENOSYS)
		printf("not in this kernel\n");
	else
		say("32-bit", -WEXITSTATUS(status));
#else
	printf("not in this kernel\n");
#endif
}

const struct scenario refusal_scenarios[] = {
	{"refusals", refusals},
	{"sizes", sizes},
	{"compat", compat},
	{},
};
