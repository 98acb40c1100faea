/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Fields of the packets that an application receives by a socket: for C11 and C++, without BPF, a library or a
 * privilege. This file needs no other of pktmeta's.
 *
 *	__u32 tenant;
 *	int id = pktmeta_field_id(fd, "tenant");
 *	...
 *	err = pktmeta_next(fd, id, &tenant, sizeof(tenant));
 *	recv(fd, ...);
 *
 * Somebody has attached the programs that answer to the application's cgroup: pktmeta attach-to-cgroup --sockets.
 * There are several ways to ask, of which they have attached some:
 *
 *	next	of the datagram, or of the bytes of TCP, that the next recv() will return
 *	batch	of each of the next datagrams
 *	at	of the datagram with that timestamp: for several threads on one socket
 *	bytes	of the next bytes of TCP, also where the kernel has merged packets
 *	mark	one field as the mark that SO_RCVMARK tells
 *
 * With next and batch, who asks must be who reads: if another thread reads from the socket in between, the answer was
 * about what that one has got. A lock around both does.
 *
 * All calls return 0 or more or:
 *	-ENOPROTOOPT	  nobody answers: no program is attached to this socket's cgroup, or not for that way, or this
 *			  program is a 32-bit one on a 64-bit kernel
 *	-EPROTONOSUPPORT  what the next read returns is not known: the socket is not plain UDP or TCP
 *	-ENOENT		  no such field: never registered, or a stale id
 *	-EACCES		  the field is not for sockets
 *	-EAGAIN		  nothing is there to be read
 *	-EBADMSG	  (next, batch) nothing has looked at the datagram's checksum; pktmeta_next() sees to it
 *	-ENODATA	  (next, bytes) TCP has merged bytes of several packets; whose these are is not known
 *	-ESTALE		  (at, bytes) the packet came before it was asked for, or too long ago
 *	-EFAULT		  the packet has no area, or someone else's, or one that is older than the field
 *	-ENOENT		  the packet does not carry the field
 *	-EINVAL		  the size is not the field's
 */
#ifndef PKTMETA_SOCKET_H
#define PKTMETA_SOCKET_H

#include <linux/types.h>

/* What the calls below and the programs that answer agree on. */

/* Ways to ask. */
#define PKTMETA_WAY_NEXT 0
#define PKTMETA_WAY_AT 1
#define PKTMETA_WAY_BYTES 2
#define PKTMETA_WAY_MARK 3
#define PKTMETA_WAY_FIELDS 4
#define PKTMETA_WAYS 5

/*
 * A question is a socket option. Its level names the way and the field, since the kernel shows programs nothing else of
 * a question but its level and its name: 0x7, the way in 4 bits, and of the field's id all that can differ, in 24. The
 * name is at's timestamp (its lower 32 bits, in ns), and the slot from which on a field is looked for.
 */
#define PKTMETA_LEVEL_BITS 28
#define PKTMETA_LEVEL 7
#define PKTMETA_SOCKET_LEVEL(way, id) \
	((int)((__u32)PKTMETA_LEVEL << PKTMETA_LEVEL_BITS | (__u32)(way) << 24 | ((__u32)(id)&0x00ffffff)))

/* The way, and the id, of a level. */
#define PKTMETA_LEVEL_WAY(level) ((__u32)(level) >> 24 & 0xf)
#define PKTMETA_LEVEL_ID(level) (((__u32)(level)&0x00ffffff) | 0x01000000)

/*
 * An answer. The value follows, and zeros up to a whole number of words. Where the whole question is refused,
 * getsockopt() has the error; before Linux 5.18, where programs have no say in that, the answer is the error alone, as
 * a __s32.
 */
struct pktmeta_answer {
	__s16 err;   /* 0, or one of the errors above */
	__u16 size;  /* of the field, in bytes */
	__u32 bytes; /* of the datagram; of TCP, for how many of the next bytes the answer holds */
};

#define PKTMETA_ANSWER_VALUE_MAX 64
#define PKTMETA_ANSWER_SIZE(size) (sizeof(struct pktmeta_answer) + (((size) + 7) & ~7U))
/* All that the kernel hands on at once. */
#define PKTMETA_ANSWERS_SIZE_MAX 4096

/* An answer to PKTMETA_WAY_FIELDS: a field. */
struct pktmeta_socket_field {
	__u32 id;
	__u32 type; /* enum pktmeta_type */
	__u32 size; /* bytes */
	__u32 slot;
	char name[32];
};

#ifndef __bpf__

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

/* What the programs say, or the kernel if there are none. */
static inline int __pktmeta_ask(int fd, int way, int id, int name, void *answer, socklen_t *size)
{
	__s32 err;

	if (getsockopt(fd, PKTMETA_SOCKET_LEVEL(way, id), name, answer, size))
		return errno == EOPNOTSUPP ? -ENOPROTOOPT : -errno;
	if (*size != sizeof(err))
		return 0;
	memcpy(&err, answer, sizeof(err));
	return err;
}

/* Of a question with one answer. */
static inline int __pktmeta_ask_once(int fd, int way, int id, int name, void *value, size_t size, size_t *bytes)
{
	struct {
		struct pktmeta_answer answer;
		unsigned char value[PKTMETA_ANSWER_VALUE_MAX];
	} told;
	socklen_t told_size = PKTMETA_ANSWER_SIZE(size);
	int err;

	if (size > PKTMETA_ANSWER_VALUE_MAX)
		return -EINVAL;
	memset(&told, 0, sizeof(told));
	err = __pktmeta_ask(fd, way, id, name, &told, &told_size);
	if (err)
		return err;
	if (bytes)
		*bytes = told.answer.bytes;
	if (told.answer.err)
		return told.answer.err;
	if (told.answer.size != size)
		return -EINVAL;
	if (size)
		memcpy(value, told.value, size);
	return 0;
}

/* The next field from a slot on, 0 at first and the last one's and 1 later; -ENOENT: there are no more. */
static inline int pktmeta_next_field(int fd, int slot, struct pktmeta_socket_field *field)
{
	socklen_t size = sizeof(*field);
	int err;

	memset(field, 0, sizeof(*field));
	err = __pktmeta_ask(fd, PKTMETA_WAY_FIELDS, 0, slot, field, &size);
	return err ? err : field->id ? 0 : -ENOENT;
}

/* The id of a field, which is what the other calls take: good until the field is unregistered. */
static inline int pktmeta_field_id(int fd, const char *name)
{
	struct pktmeta_socket_field field;
	int slot = 0, err;

	while (!(err = pktmeta_next_field(fd, slot, &field))) {
		if (!strncmp(field.name, name, sizeof(field.name)))
			return (int)field.id;
		slot = (int)field.slot + 1;
	}
	return err;
}

/*
 * Has the kernel look at the checksum of the datagram that is the next to be read, where nothing else has: one that is
 * wrong goes, as it would when it is read.
 */
static inline void __pktmeta_check_next(int fd)
{
	int waiting;

	ioctl(fd, 0x541B /* FIONREAD */, &waiting);
}

/*
 * Gets a field of what the next recv() will return. Of TCP, these are the bytes of one packet: pktmeta_next_bytes()
 * says how many. A flag has size 0, and 0 is returned if it is set.
 */
static inline int pktmeta_next(int fd, int id, void *value, size_t size)
{
	int err = __pktmeta_ask_once(fd, PKTMETA_WAY_NEXT, id, 0, value, size, NULL);

	if (err != -EBADMSG)
		return err;
	__pktmeta_check_next(fd);
	return __pktmeta_ask_once(fd, PKTMETA_WAY_NEXT, id, 0, value, size, NULL);
}

/*
 * Gets a field of each of the next datagrams, up to count of them: their values, one behind the other, and for each 0
 * or the error. How many there are: fewer than there were asked for if fewer wait, if more would be over 4096 bytes of
 * answers, or in front of one whose checksum has not been looked at.
 */
static inline int pktmeta_next_batch(int fd, int id, void *values, size_t size, int *errors, int count)
{
	const size_t stride = PKTMETA_ANSWER_SIZE(size);
	unsigned char answers[PKTMETA_ANSWERS_SIZE_MAX];
	struct pktmeta_answer answer;
	socklen_t told = 0;
	int err = 0, done, tries;

	if (size > PKTMETA_ANSWER_VALUE_MAX || count < 1)
		return -EINVAL;
	if ((size_t)count > sizeof(answers) / stride)
		count = (int)(sizeof(answers) / stride);
	for (tries = 0; tries < 2; tries++) {
		told = (socklen_t)((size_t)count * stride);
		err = __pktmeta_ask(fd, PKTMETA_WAY_NEXT, id, 0, answers, &told);
		if (err != -EBADMSG)
			break;
		__pktmeta_check_next(fd);
	}
	if (err)
		return err;
	for (done = 0; (size_t)done < told / stride; done++) {
		memcpy(&answer, answers + (size_t)done * stride, sizeof(answer));
		errors[done] = answer.err;
		if (!answer.err && answer.size != size)
			return -EINVAL;
		if (size)
			memcpy((unsigned char *)values + (size_t)done * size,
			       answers + (size_t)done * stride + sizeof(answer), size);
	}
	return done;
}

/* SO_TIMESTAMPNS, SO_RCVMARK: 35 and 75 wherever pktmeta runs, and not in each system's headers. */
#define __PKTMETA_SO_TIMESTAMPNS 35
#define __PKTMETA_SO_RCVMARK 75

static inline int __pktmeta_switch(int fd, int way, int id, int is_on)
{
	if (!setsockopt(fd, PKTMETA_SOCKET_LEVEL(way, id), 0, &is_on, sizeof(is_on)))
		return 0;
	return errno == EOPNOTSUPP ? -ENOPROTOOPT : -errno;
}

static inline int __pktmeta_ask_kernel_for(int fd, int name)
{
	int one = 1;

	return setsockopt(fd, SOL_SOCKET, name, &one, sizeof(one)) ? -errno : 0;
}

/*
 * Has the fields of datagrams that come from now on kept for pktmeta_at(), those of the last 16 to 128, and their
 * timestamps told by recvmsg() (SCM_TIMESTAMPNS). The lowest bits of these, up to 7, are not the time any more.
 */
static inline int pktmeta_receive_at(int fd)
{
	int err = __pktmeta_switch(fd, PKTMETA_WAY_AT, 0, 1);

	return err ? err : __pktmeta_ask_kernel_for(fd, __PKTMETA_SO_TIMESTAMPNS);
}

/* Gets a field of the datagram that recvmsg() has returned with this timestamp. */
static inline int pktmeta_at(int fd, int id, const struct timespec *time, void *value, size_t size)
{
	__u32 ticket = (__u32)((__u64)time->tv_sec * 1000000000ULL + (__u64)time->tv_nsec);

	return __pktmeta_ask_once(fd, PKTMETA_WAY_AT, id, (int)ticket, value, size, NULL);
}

/* Has the fields of TCP's packets that come from now on kept for pktmeta_next_bytes(), where more than one run of bytes
 * waits. */
static inline int pktmeta_receive_bytes(int fd)
{
	return __pktmeta_switch(fd, PKTMETA_WAY_BYTES, 0, 1);
}

/*
 * Gets a field of the next bytes of TCP, and for how many of them the answer holds, be it an error: who reads no more
 * than these knows whose bytes each read returns. Without pktmeta_receive_bytes() or that way, as pktmeta_next() knows
 * it.
 */
static inline int pktmeta_next_bytes(int fd, int id, void *value, size_t size, size_t *bytes)
{
	int err;

	*bytes = 0;
	err = __pktmeta_ask_once(fd, PKTMETA_WAY_BYTES, id, 0, value, size, bytes);
	if (err != -ENOPROTOOPT)
		return err;
	return __pktmeta_ask_once(fd, PKTMETA_WAY_NEXT, id, 0, value, size, bytes);
}

/*
 * Has a field, of at most 4 bytes, told by recvmsg() as the mark of each packet that comes from now on (SO_RCVMARK,
 * Linux 5.19): 0 if the packet has it not. Takes the place of whatever mark it had. Once the programs are detached,
 * marks are again what others set, and nothing tells that from the field.
 */
static inline int pktmeta_receive_mark(int fd, int id)
{
	int err = __pktmeta_switch(fd, PKTMETA_WAY_MARK, id, 1);

	return err ? err : __pktmeta_ask_kernel_for(fd, __PKTMETA_SO_RCVMARK);
}

/* What an error of these calls says. */
static inline const char *pktmeta_socket_error(int err)
{
	switch (-err) {
	case ENOPROTOOPT:
		return "nobody answers, or not in this way: attach to the cgroup of this socket's process, by pktmeta "
		       "attach-to-cgroup --sockets";
	case EPROTONOSUPPORT:
		return "what the next read returns is not known of this kind of socket";
	case ENOENT:
		return "there is no such field, or the packet does not carry it";
	case EACCES:
		return "the field is registered as none for sockets";
	case EINVAL:
		return "the size is not the field's";
	case EAGAIN:
		return "nothing is there to be read";
	case EBADMSG:
		return "the datagram's checksum has not been looked at";
	case ENODATA:
		return "TCP has merged the bytes of several packets";
	case ESTALE:
		return "the packet came before it was asked for, or too long ago";
	case EFAULT:
		return "the packet has no metadata area, or one that is older than the field";
	}
	return strerror(-err);
}

#endif /* !__bpf__ */

#endif /* PKTMETA_SOCKET_H */
