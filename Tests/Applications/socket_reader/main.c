// SPDX-License-Identifier: BSD-2-Clause
/*
 * An application that asks for fields of what it receives, in one way or another, and says how often the answer was
 * right: of packets whose fields repeat bytes of their own.
 *
 *	socket_reader CGROUP SENDER 4|6 SCENARIO [COUNT]
 *
 * CGROUP is the folder of the cgroup that it is to be in, SENDER a file of the network namespace that it sends from.
 * Before it receives anything, it gives up all privileges.
 */
#include "reader.h"

#define LONGEST 120 /* seconds */

static const struct scenario *const tables[] = {
	datagram_scenarios, message_scenarios, thread_scenarios, stream_scenarios, refusal_scenarios, option_scenarios,
};

static void join(const char *cgroup)
{
	char path[512];
	int file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	file = checked(open(path, O_WRONLY), path);
	checked(write(file, "0", 1), "join the cgroup");
	close(file);
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(LONGEST); /* what waits for bytes that never come is a failure, and no test that never ends */
	join(argv[1]);
	sender = checked(open(argv[2], O_RDONLY | O_CLOEXEC), argv[2]);
	home = checked(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "open this namespace");
	is_ipv6 = argv[3][0] == '6';
	if (argc > 5)
		count = atoi(argv[5]);
	udp_sender = make_sender(SOCK_DGRAM);
	tcp_sender = make_sender(SOCK_STREAM);
	checked(setgid(65534) || setuid(65534) ? -1 : 0, "give up privileges");
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct scenario *scenario = tables[i]; scenario->name; scenario++)
			if (!strcmp(scenario->name, argv[4])) {
				scenario->run();
				return 0;
			}
	fprintf(stderr, "socket_reader: no scenario %s\n", argv[4]);
	return 2;
}
