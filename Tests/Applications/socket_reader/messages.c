// SPDX-License-Identifier: BSD-2-Clause
/* What comes with a message: its timestamp, by which fields are found, and a field as its mark. */
#include "reader.h"

int receive_message(int fd, __u64 *number, struct timespec *time, __u32 *mark, int flags)
{
	__u64 bytes[256];
	char control[256];
	struct iovec part = {bytes, sizeof(bytes)};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	int size = recvmsg(fd, &message, flags);

	if (size < 0)
		return size;
	*number = bytes[0];
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS && time)
			memcpy(time, CMSG_DATA(c), sizeof(*time));
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_MARK && mark)
			memcpy(mark, CMSG_DATA(c), sizeof(*mark));
	}
	return size;
}

void receive_at(int fd)
{
	struct place place = receiver_at(PORT + 1);
	int probe = make(SOCK_DGRAM), tries = 0, in_turn = 0, err;
	struct pktmeta_socket_field field;
	unsigned char value[64];
	struct timespec time;
	__u64 number = 0;

	checked(pktmeta_receive_at(fd), "pktmeta_receive_at");
	checked(pktmeta_receive_at(probe), "pktmeta_receive_at");
	checked(pktmeta_next_field(probe, 0, &field), "a field");
	checked(bind(probe, &place.any, place.size), "bind");
	/* Timestamps may stop for a moment as another test's socket ends that had asked for them. */
	while (in_turn < 20 && tries++ < 10000) {
		checked(sendto(udp_sender, &number, sizeof(number), 0, &place.any, place.size), "sendto");
		checked(receive_message(probe, &number, &time, NULL, 0), "recvmsg");
		err = pktmeta_at(probe, field.id, &time, value, field.size);
		in_turn = err == -ESTALE ? 0 : in_turn + 1;
		usleep(5000);
	}
	close(probe);
}

static void udp_at(void)
{
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number");
	struct tally tally = {0};

	receive_at(fd);
	for (int sent = 0; sent < count; sent += AT_ONCE) {
		send_some(sent);
		while (read_and_ask(fd, number, &tally))
			;
	}
	tell("at", &tally);
}

/* Timestamps of microseconds take the place of those by which datagrams are found. */
static void udp_microseconds(void)
{
	int fd = bound(SOCK_DGRAM), found = 0, all = 0;
	struct timespec time = {0};
	__u64 read;

	receive_at(fd);
	set(fd, SOL_SOCKET, SO_TIMESTAMP, 1);
	send_some(0);
	for (; receive_message(fd, &read, &time, NULL, MSG_DONTWAIT) >= 0; all++)
		found += time.tv_sec != 0;
	printf("%d datagrams, %d with nanoseconds\n", all, found);
}

static void udp_mark(void)
{
	int fd = bound(SOCK_DGRAM), tenant = id_of(fd, "short_number"), err = pktmeta_receive_mark(fd, tenant);
	struct tally tally = {0};
	__u64 read;

	if (err) {
		take(&tally, err, 0);
		tell("mark", &tally);
		return;
	}
	for (int sent = 0; sent < count; sent += AT_ONCE) {
		__u32 mark = 0;

		send_some(sent);
		while (receive_message(fd, &read, NULL, &mark, MSG_DONTWAIT) >= 0)
			take(&tally, 0, mark == (__u32)read);
	}
	tell("mark", &tally);
}

static __u32 next_mark(int fd)
{
	__u32 mark = 12345;
	__u64 read;

	send_datagram(7, 64);
	usleep(10000);
	checked(receive_message(fd, &read, NULL, &mark, 0), "recvmsg");
	return mark;
}

/* The programs go, and the wish stays: the mark is nobody's field then. */
static void udp_mark_detached(void)
{
	int fd = bound(SOCK_DGRAM);

	checked(pktmeta_receive_mark(fd, id_of(fd, "short_number")), "pktmeta_receive_mark");
	printf("attached: mark %u", next_mark(fd));
	run_command("detach");
	printf(", detached: mark %u", next_mark(fd));
	run_command("attach");
	printf(", attached anew: mark %u\n", next_mark(fd));
}

const struct scenario message_scenarios[] = {
	{"at", udp_at},
	{"mark", udp_mark},
	{"microseconds", udp_microseconds},
	{"mark-detached", udp_mark_detached, .is_privileged = 1},
	{},
};
