// SPDX-License-Identifier: BSD-2-Clause
/* Options of others, of which programs must change nothing. */
#include "reader.h"

static int is_other_each_time(int level, int name)
{
	if (level == IPPROTO_TCP)
		return name == TCP_TIMESTAMP;
	return level == SOL_SOCKET && (name == 57 || name == 71); /* SO_COOKIE, SO_NETNS_COOKIE */
}

/* Options of others, of which programs must change nothing. */
static void others(void)
{
	static const int levels[] = {SOL_SOCKET,  IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP,
				     IPPROTO_UDP, 0x7fffffff, -1,           0x60000000};
	int sockets[] = {bound(SOCK_DGRAM), listening(0), checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket")};
	unsigned char bytes[5000];

	for (int s = 0; s < 3; s++)
		for (unsigned l = 0; l < sizeof(levels) / sizeof(levels[0]); l++)
			for (int name = 0; name < 80; name++)
				for (int large = 0; large < 2; large++) {
					socklen_t size = large ? sizeof(bytes) : 4;
					int err;
					__u64 sum = 0;

					memset(bytes, 0, sizeof(bytes));
					err = getsockopt(sockets[s], levels[l], name, bytes, &size) ? errno : 0;
					for (unsigned i = 0; !err && i < size && i < sizeof(bytes); i++)
						sum = sum * 31 + bytes[i];
					printf("%d %x %d %d: %d %u %llx %d\n", s, levels[l], name, large, err,
					       err ? 0 : size,
					       is_other_each_time(levels[l], name) ? 0 : (unsigned long long)sum,
					       setsockopt(sockets[s], levels[l], 0x7000 + name, bytes, large ? 5000 : 4)
						       ? errno
						       : 0);
				}
}

const struct scenario option_scenarios[] = {
	{"others", others},
	{},
};
