/* SPDX-License-Identifier: BSD-2-Clause */
/* What the application's scenarios share. */
#ifndef SOCKET_READER_H
#define SOCKET_READER_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/types.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <pktmeta/socket.h>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define PORT 4739

/* What the command line says. */
extern int is_ipv6;
extern int count;
extern int sender, home;    /* network namespaces */
extern const char *command; /* of the shell, for scenarios that run one */

/* By which a scenario is asked for; a table ends with one without a name. */
struct scenario {
	const char *name;
	void (*run)(void);
	int is_privileged; /* takes what only root may */
};

extern const struct scenario datagram_scenarios[], message_scenarios[], thread_scenarios[], stream_scenarios[],
	refusal_scenarios[], option_scenarios[], segment_scenarios[], checksum_scenarios[], stream_read_scenarios[],
	datagram_read_scenarios[], other_reader_scenarios[], uring_scenarios[], torture_scenarios[], change_scenarios[];

/* Ends the application if a call has failed. */
int checked(int result, const char *what);

/* What came of questions. */
struct tally {
	int right, wrong, refused;
	int errors[140]; /* by errno */
};

void take(struct tally *tally, int err, int is_right);
void tell(const char *what, const struct tally *tally);

/* Sockets. */

struct place {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t size;
};

struct place receiver_at(int port);
void set(int fd, int level, int name, int value);
int make(int type);
/* All that are sent from are made first, while there is the privilege to enter the other namespace. */
int make_sender(int type);
int bound(int type);
int listening(int is_keeping);
/* A connection from tcp_sender. */
int accepted(int listening);

/* Made by the kernel of the sender, and a socket that was made outside of the cgroup. */
extern int udp_sender, tcp_sender, outer_socket;

/* Packets, and their fields. */

void send_datagram(__u64 number, size_t size);

/* No more at a time than surely fit the receive buffer. */
#define AT_ONCE 50

/* So many datagrams, from this number on. */
void send_some(__u64 first);

/* Bytes of the next datagram, which begins with a number, or an error. */
int receive(int fd, __u64 *number, int flags);

/* The same with what comes along: what is not asked for may be NULL. */
int receive_message(int fd, __u64 *number, struct timespec *time, __u32 *mark, int flags);

/* The number of datagrams that no reader may get, and no answer is about. */
#define BAD 0xbadbadbadULL

/*
 * Asks about the next datagram, and reads it, by another descriptor of the socket perhaps: whether there was one. The
 * next one is about what is read the other way round, by its timestamp.
 */
int ask_and_read(int fd, int reader, int number, struct tally *tally, int flags);
int read_and_ask(int fd, int number, struct tally *tally);

/* Runs the command of the command line, to which $STEP says what is meant. */
void run_command(const char *step);

/* Asks for timestamps, and waits until the kernel has begun to take them as packets come in. */
void receive_at(int fd);

int id_of(int fd, const char *name);

#endif /* SOCKET_READER_H */
