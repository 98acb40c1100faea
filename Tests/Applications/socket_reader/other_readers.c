// SPDX-License-Identifier: BSD-2-Clause
/* Sockets on which something else than the plain functions of UDP and TCP reads, or not on all of them. */
#include <linux/bpf.h>
#include <poll.h>
#include <sys/syscall.h>

#include "frames.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef IPPROTO_UDPLITE
#define IPPROTO_UDPLITE 136
#endif
#ifndef TCP_ULP
#define TCP_ULP 31
#endif

static const char *name_of(int err)
{
	return err ? strerrorname_np(-err) : "0";
}

static int ask(int fd)
{
	__u64 value;

	return pktmeta_next(fd, id_of(fd, "number"), &value, sizeof(value));
}

static int bpf_call(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* Sockets that a map of BPF holds, and when it does not any more. */
static void sockmap(void)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_SOCKMAP, .key_size = 4, .value_size = 4, .max_entries = 2};
	int map = checked(bpf_call(BPF_MAP_CREATE, &attr), "make a sockmap");
	int udp = bound(SOCK_DGRAM), tcp = accepted(listening(0)), sockets[] = {udp, tcp};
	struct place place = receiver_at(PORT);
	char bytes[64] = {0};

	checked(connect(udp, &place.any, place.size), "connect");
	checked(write(tcp_sender, bytes, sizeof(bytes)), "write");
	poll(&(struct pollfd){.fd = tcp, .events = POLLIN}, 1, 1000);
	for (__u32 i = 0; i < 2; i++) {
		const char *before = name_of(ask(sockets[i])), *meanwhile;

		attr = (union bpf_attr){.map_fd = map, .key = (__u64)&i, .value = (__u64)&sockets[i]};
		checked(bpf_call(BPF_MAP_UPDATE_ELEM, &attr), "put a socket in a map");
		meanwhile = name_of(ask(sockets[i]));
		attr = (union bpf_attr){.map_fd = map, .key = (__u64)&i};
		checked(bpf_call(BPF_MAP_DELETE_ELEM, &attr), "take a socket out of a map");
		usleep(10000);
		printf("sockmap, %s: %s, in the map %s, later %s\n", i ? "TCP" : "UDP", before, meanwhile,
		       name_of(ask(sockets[i])));
	}
}

/* Sockets of other kinds, and one of TCP that is not connected. */
static void raw(void)
{
	int family = is_ipv6 ? AF_INET6 : AF_INET;
	int sockets[] = {checked(socket(family, SOCK_RAW, 200), "raw socket"),
			 checked(socket(AF_PACKET, SOCK_RAW, 0), "packet socket"),
			 checked(socket(AF_NETLINK, SOCK_RAW, 0), "netlink socket"), make(SOCK_STREAM)};
	static const char *const kinds[] = {"raw", "packet", "netlink", "TCP that is not connected"};

	for (int i = 0; i < 4; i++)
		printf("%s: %s\n", kinds[i], name_of(ask(sockets[i])));
}

/* A connection that TLS reads from, in the kernel. */
static void ktls(void)
{
	int fd = accepted(listening(0));

	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", 3)) {
		printf("kTLS: not in this kernel: %s\n", strerrorname_np(errno));
		return;
	}
	/* From here on, TLS may be given keys; TLS_RX: 2, of AES-GCM with 128 bits. */
	struct {
		__u16 version, cipher;
		unsigned char iv[8], key[16], salt[4], sequence[8];
	} keys = {.version = 0x0303, .cipher = 51};

	printf("kTLS: before keys %s, ", name_of(ask(fd)));
	checked(setsockopt(fd, 282 /* SOL_TLS */, 2, &keys, sizeof(keys)), "TLS_RX");
	printf("with keys %s\n", name_of(ask(fd)));
}

/*
 * A socket that listens for MPTCP, as Go's do unless told otherwise, and a client of plain TCP: what is accepted is
 * plain TCP. What the listening one has asked for, it has not.
 */
static void mptcp(void)
{
	int listener = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, IPPROTO_MPTCP), fd, number;
	struct place place = receiver_at(PORT);
	struct tally tally = {0}, later = {0};
	struct peer peer;

	if (listener < 0) {
		printf("MPTCP: not in this kernel: %s\n", strerrorname_np(errno));
		return;
	}
	set(listener, SOL_SOCKET, SO_REUSEADDR, 1);
	set(listener, SOL_SOCKET, SO_REUSEPORT, 1);
	checked(bind(listener, &place.any, place.size), "bind");
	checked(listen(listener, 1), "listen");
	printf("MPTCP: listening %s, ", name_of(ask(listener)));
	fd = connect_peer(&peer, listener, 4200, 77, (struct segment){.letter = 'h'});
	number = id_of(fd, "number");
	for (int i = 0; i < 20; i++) {
		struct tally *now = i < 10 ? &tally : &later;
		char bytes[200];
		__u64 value = 0;
		size_t about;
		int err;

		if (i == 10)
			checked(pktmeta_receive_bytes(fd), "pktmeta_receive_bytes");
		send_segment(&peer, (struct segment){i * 100, i * 100 + 100, 'A' + i});
		poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 1000);
		err = pktmeta_next_bytes(fd, number, &value, sizeof(value), &about);
		take(now, err, read(fd, bytes, sizeof(bytes)) == (int)about && bytes[99] == letter_of(value));
	}
	tell("accepted", &tally);
	tell("MPTCP, kept", &later);
}

/* Datagrams whose checksum is of their first bytes only. */
static void udp_lite(void)
{
	int fd = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE), other, number;
	struct place place = receiver_at(PORT);
	struct tally tally = {0};

	if (fd < 0) {
		printf("UDP-Lite: not in this kernel: %s\n", strerrorname_np(errno));
		return;
	}
	checked(bind(fd, &place.any, place.size), "bind");
	checked(setns(sender, CLONE_NEWNET), "enter the sender's namespace");
	other = checked(socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE), "socket");
	checked(setns(home, CLONE_NEWNET), "go back");
	number = id_of(fd, "number");
	for (__u64 i = 0; i < 40; i++) {
		__u64 bytes[64] = {i}, value = 0, read = 0;
		int err;

		set(other, IPPROTO_UDPLITE, 10 /* UDPLITE_SEND_CSCOV */, i % 2 ? 16 : 0);
		checked(sendto(other, bytes, sizeof(bytes), 0, &place.any, place.size), "sendto");
		poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 1000);
		err = pktmeta_next(fd, number, &value, sizeof(value));
		checked(receive(fd, &read, 0), "recv");
		take(&tally, err, value == i && read == i);
	}
	tell("UDP-Lite", &tally);
}

const struct scenario other_reader_scenarios[] = {
	{"sockmap", sockmap, .is_privileged = 1},
	{"raw", raw, .is_privileged = 1},
	{"ktls", ktls},
	{"mptcp", mptcp},
	{"udp-lite", udp_lite, .is_privileged = 1},
	{},
};
