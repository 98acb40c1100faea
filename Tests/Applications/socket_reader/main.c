// SPDX-License-Identifier: BSD-2-Clause
/*
 * An application that asks for fields of what it receives, in one way or another, and says how often the answer was
 * right: of packets whose fields repeat bytes of their own.
 *
 *	socket_reader CGROUP SENDER 4|6 SCENARIO [COUNT [COMMAND]]
 *
 * CGROUP is the folder of the cgroup that it is to be in, SENDER a file of the network namespace that it sends from.
 * Before it receives anything, it gives up all privileges, unless a scenario takes them.
 */
#include "frames.h"

#define LONGEST 120 /* seconds */

static const struct scenario *const tables[] = {
	datagram_scenarios, datagram_read_scenarios, checksum_scenarios,    message_scenarios, thread_scenarios,
	stream_scenarios,   segment_scenarios,       stream_read_scenarios, uring_scenarios,   other_reader_scenarios,
	refusal_scenarios,  option_scenarios,        torture_scenarios,     change_scenarios,
};

static const struct scenario *find_scenario(const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct scenario *scenario = tables[i]; scenario->name; scenario++)
			if (!strcmp(scenario->name, name))
				return scenario;
	fprintf(stderr, "socket_reader: no scenario %s\n", name);
	exit(2);
}

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
	const struct scenario *scenario;

	if (argc < 5)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 5)
		count = atoi(argv[5]);
	if (argc > 6)
		command = argv[6];
	alarm(LONGEST +
	      count / 10000); /* what waits for bytes that never come is a failure, and no test that never ends */
	scenario = find_scenario(argv[4]);
	is_ipv6 = argv[3][0] == '6';
	outer_socket = make(SOCK_DGRAM);
	join(argv[1]);
	sender = checked(open(argv[2], O_RDONLY | O_CLOEXEC), argv[2]);
	home = checked(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "open this namespace");
	udp_sender = make_sender(SOCK_DGRAM);
	tcp_sender = make_sender(SOCK_STREAM);
	open_frames();
	if (!scenario->is_privileged)
		checked(setgid(65534) || setuid(65534) ? -1 : 0, "give up privileges");
	scenario->run();
	return 0;
}
