// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * An application that sends each datagram back, and says whose it is: which tenant, it asks by its socket. It needs
 * neither a library nor a privilege, but somebody to attach what answers to its cgroup:
 *
 *	pktmeta attach-to-cgroup CGROUP --sockets next
 *	echo_fields PORT FIELD [COUNT]
 */
#include <linux/types.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include <pktmeta/socket.h>

static int checked(int result, const char *what)
{
	if (result >= 0)
		return result;
	perror(what);
	exit(1);
}

/* For IPv4 and IPv6. */
static int make_socket(int port)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = checked(socket(AF_INET6, SOCK_DGRAM, 0), "socket"), only = 0;

	checked(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)), "IPV6_V6ONLY");
	checked(bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind");
	return fd;
}

/* Values of fields of up to 8 bytes: the first that a number has. */
static void tell(int fd, const struct pktmeta_socket_field *field)
{
	unsigned char value[64];
	unsigned long long number = 0;
	int err = pktmeta_next(fd, (int)field->id, value, field->size);

	memcpy(&number, value, field->size < sizeof(number) ? field->size : sizeof(number));
	if (err)
		printf("%s: %s\n", field->name, pktmeta_socket_error(err));
	else
		printf("%s=%llu\n", field->name, number);
}

int main(int argc, char **argv)
{
	struct pktmeta_socket_field field;
	int fd, err, slot = 0, left = argc > 3 ? atoi(argv[3]) : -1;

	if (argc < 3) {
		fprintf(stderr, "usage: echo_fields PORT FIELD [COUNT]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = make_socket(atoi(argv[1]));
	while (!(err = pktmeta_next_field(fd, slot, &field)) && strcmp(field.name, argv[2]))
		slot = (int)field.slot + 1;
	if (err) {
		fprintf(stderr, "echo_fields: %s: %s\n", argv[2], pktmeta_socket_error(err));
		return 1;
	}
	printf("ready\n");
	for (; left != 0; left--) {
		char data[65536];
		struct sockaddr_storage sender;
		socklen_t size = sizeof(sender);
		ssize_t length;

		/* Waits, and leaves the datagram there. */
		checked((int)recv(fd, data, 0, MSG_PEEK), "recv");
		tell(fd, &field);
		length = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&sender, &size);
		checked((int)length, "recvfrom");
		checked((int)sendto(fd, data, (size_t)length, 0, (struct sockaddr *)&sender, size), "sendto");
	}
	return 0;
}
