// SPDX-License-Identifier: BSD-2-Clause
/* The registry changes, by a command, between the arrival of packets and what is asked about them. */
#include <poll.h>

#include "reader.h"

/* Packets that came before, on sockets of each kind. */
struct arrived {
	int udp, timed, marked, tcp;
	struct timespec time;
};

static int udp_at_port(int port)
{
	struct place place = receiver_at(port);
	int fd = make(SOCK_DGRAM);

	checked(bind(fd, &place.any, place.size), "bind");
	return fd;
}

static void send_to(int port, __u64 number)
{
	struct place place = receiver_at(port);
	__u64 bytes[8] = {number};

	checked(sendto(udp_sender, bytes, sizeof(bytes), 0, &place.any, place.size), "sendto");
}

static void wait_for(int fd)
{
	poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 1000);
}

static void arrive(struct arrived *a)
{
	struct place place = receiver_at(PORT);
	char bytes[64] = {0};
	int listener = listening(1);
	__u64 number;

	a->udp = udp_at_port(5000);
	a->timed = udp_at_port(5001);
	a->marked = udp_at_port(5002);
	receive_at(a->timed);
	checked(pktmeta_receive_mark(a->marked, id_of(a->marked, "short_number")), "pktmeta_receive_mark");
	checked(connect(tcp_sender, &place.any, place.size), "connect");
	a->tcp = checked(accept(listener, NULL, NULL), "accept");
	checked(write(tcp_sender, bytes, sizeof(bytes)), "write");
	for (int i = 1; i <= 2; i++)
		send_to(5000, i);
	send_to(5001, 3);
	wait_for(a->timed);
	checked(receive_message(a->timed, &number, &a->time, NULL, 0), "recvmsg");
	wait_for(a->udp);
	wait_for(a->tcp);
}

static void say(const char *what, int err)
{
	printf(" %s %s", what, err >= 0 ? "answered" : strerrorname_np(-err));
}

/* By each way, whatever the field's size: it is asked for as it was. */
static void ask_all(const struct arrived *a, const char *name, int id, __u32 size)
{
	unsigned char value[64 * 64];
	int errors[64];
	size_t bytes;
	int got;

	printf("%s:", name);
	say("next", pktmeta_next(a->udp, id, value, size));
	got = pktmeta_next_batch(a->udp, id, value, size, errors, 64);
	say("batch", got > 0 ? errors[got - 1] : got);
	say("at", pktmeta_at(a->timed, id, &a->time, value, size));
	say("bytes", pktmeta_next_bytes(a->tcp, id, value, size, &bytes));
	say("next of TCP", pktmeta_next(a->tcp, id, value, size));
	printf("\n");
}

/* Each field that there is now, by its id of now. */
static void ask_newly(const struct arrived *a)
{
	struct pktmeta_socket_field field;
	int err;

	for (int slot = 0; !(err = pktmeta_next_field(a->udp, slot, &field)); slot = field.slot + 1)
		ask_all(a, field.name, field.id, field.size);
	if (err != -ENOENT)
		printf("fields: %s\n", strerrorname_np(-err));
}

static void registry_change(void)
{
	struct arrived a;
	__u64 number = 0, value = 0;
	__u32 mark = 12345;
	int id, err;

	arrive(&a);
	id = id_of(a.udp, "number");
	ask_all(&a, "before, number", id, 8);
	run_command("change");
	ask_all(&a, "with the id of before", id, 8);
	ask_newly(&a);
	/* Of what comes from now on. */
	while (receive(a.udp, &number, 0) >= 0)
		;
	send_to(5000, 4);
	send_to(5002, 5);
	wait_for(a.udp);
	wait_for(a.marked);
	id = pktmeta_field_id(a.udp, "number");
	err = id < 0 ? id : pktmeta_next(a.udp, id, &value, sizeof(value));
	printf("later: number %s", err ? strerrorname_np(-err) : value == 4 ? "right" : "wrong");
	receive_message(a.marked, &number, NULL, &mark, 0);
	printf(", mark %u\n", mark);
}

const struct scenario change_scenarios[] = {
	{"change", registry_change, .is_privileged = 1},
	{},
};
