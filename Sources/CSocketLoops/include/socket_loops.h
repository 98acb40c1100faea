/* SPDX-License-Identifier: BSD-2-Clause */
/* Loops of reads as an application makes them, with a question before or behind each. */
#ifndef SOCKET_LOOPS_H
#define SOCKET_LOOPS_H

#include <stdint.h>

enum socket_loop {
	SOCKET_LOOP_RECV,    /* recv() */
	SOCKET_LOOP_OPTION,  /* a getsockopt() of the kernel's own, then recv() */
	SOCKET_LOOP_NEXT,    /* pktmeta_next(), then recv() */
	SOCKET_LOOP_BATCH,   /* pktmeta_next_batch() for each 32, then recv() of each */
	SOCKET_LOOP_RECVMSG, /* recvmsg() */
	SOCKET_LOOP_AT,      /* recvmsg(), then pktmeta_at() */
};

/*
 * Reads so many datagrams, which wait already: ns of all, or -errno of a read or a question.
 *
 * id: of a field of 8 bytes
 */
int64_t socket_loop(enum socket_loop loop, int socket, int id, int count);

/* 0 or -errno: pktmeta_receive_at(), pktmeta_receive_mark(), or SO_TIMESTAMPNS alone. */
int socket_ask_for_times(int socket);
int socket_ask_for_marks(int socket, int id);
int socket_ask_for_plain_times(int socket);

/* pktmeta_field_id(). */
int socket_field(int socket, const char *name);

#endif
