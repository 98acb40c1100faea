// SPDX-License-Identifier: BSD-2-Clause
/* Reading by io_uring, which reads when the packet comes: by the kernel's own structures, without a library. */
#include <linux/io_uring.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "reader.h"

#define ENTRIES 8

struct ring {
	int fd;
	unsigned *head, *tail, *mask, *array;
	unsigned *done_head, *done_tail, *done_mask;
	struct io_uring_sqe *entries;
	struct io_uring_cqe *done;
};

static void *mapped(int fd, size_t size, off_t offset)
{
	void *place = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);

	checked(place == MAP_FAILED ? -1 : 0, "mmap of io_uring");
	return place;
}

/* Whether the kernel has io_uring, and allows it. */
static int set_up(struct ring *ring)
{
	struct io_uring_params told = {0};
	char *submissions, *completions;

	ring->fd = syscall(SYS_io_uring_setup, ENTRIES, &told);
	if (ring->fd < 0) {
		printf("io_uring: not in this kernel: %s\n", strerrorname_np(errno));
		return 0;
	}
	submissions = mapped(ring->fd, told.sq_off.array + told.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	completions =
		mapped(ring->fd, told.cq_off.cqes + told.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	ring->entries = mapped(ring->fd, told.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	ring->head = (unsigned *)(submissions + told.sq_off.head);
	ring->tail = (unsigned *)(submissions + told.sq_off.tail);
	ring->mask = (unsigned *)(submissions + told.sq_off.ring_mask);
	ring->array = (unsigned *)(submissions + told.sq_off.array);
	ring->done_head = (unsigned *)(completions + told.cq_off.head);
	ring->done_tail = (unsigned *)(completions + told.cq_off.tail);
	ring->done_mask = (unsigned *)(completions + told.cq_off.ring_mask);
	ring->done = (struct io_uring_cqe *)(completions + told.cq_off.cqes);
	return 1;
}

static void submit(struct ring *ring, struct io_uring_sqe entry)
{
	unsigned tail = *ring->tail, place = tail & *ring->mask;

	ring->entries[place] = entry;
	ring->array[place] = place;
	__atomic_store_n(ring->tail, tail + 1, __ATOMIC_RELEASE);
	checked(syscall(SYS_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0), "io_uring_enter");
}

/* What the next completed one has returned, which there is already or is waited for. */
static int completed(struct ring *ring, unsigned *flags)
{
	unsigned head = *ring->done_head;
	const struct io_uring_cqe *done;
	int result;

	if (head == __atomic_load_n(ring->done_tail, __ATOMIC_ACQUIRE))
		checked(syscall(SYS_io_uring_enter, ring->fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0), "io_uring_enter");
	done = &ring->done[head & *ring->done_mask];
	result = done->res;
	if (flags)
		*flags = done->flags;
	__atomic_store_n(ring->done_head, head + 1, __ATOMIC_RELEASE);
	return result;
}

static struct io_uring_sqe receiving(int fd, void *bytes, size_t size)
{
	return (struct io_uring_sqe){.opcode = IORING_OP_RECV, .fd = fd, .addr = (__u64)bytes, .len = size};
}

/* Asks while the packet waits, and then has it read. */
static void read_after_asking(struct ring *ring, int fd, int number)
{
	struct tally tally = {0};
	__u64 bytes[256], value = 0;

	for (int i = 0; i < 50; i++) {
		int err;

		send_datagram(i, 64);
		poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 1000);
		err = pktmeta_next(fd, number, &value, sizeof(value));
		submit(ring, receiving(fd, bytes, sizeof(bytes)));
		take(&tally, err, completed(ring, NULL) == 64 && bytes[0] == value);
	}
	tell("asked, then submitted", &tally);
}

/* Has a packet read as it comes: nothing is there to be asked about any more. */
static void ask_after_reading(struct ring *ring, int fd, int number)
{
	struct tally tally = {0};
	__u64 bytes[256], value = 0;

	for (int i = 0; i < 50; i++) {
		submit(ring, receiving(fd, bytes, sizeof(bytes)));
		send_datagram(i, 64);
		checked(completed(ring, NULL), "receive by io_uring");
		take(&tally, pktmeta_next(fd, number, &value, sizeof(value)), 0);
	}
	tell("submitted, then asked", &tally);
}

/* The timestamp says which it was also then. */
static void find_by_time(struct ring *ring, int fd, int number)
{
	struct tally tally = {0};
	__u64 bytes[256], value = 0;

	receive_at(fd);
	for (int i = 0; i < 50; i++) {
		char control[256];
		struct iovec part = {bytes, sizeof(bytes)};
		struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control};
		struct io_uring_sqe entry = {.opcode = IORING_OP_RECVMSG, .fd = fd, .addr = (__u64)&message, .len = 1};
		struct timespec time = {0};
		struct cmsghdr *c;

		message.msg_controllen = sizeof(control);
		submit(ring, entry);
		send_datagram(i, 64);
		checked(completed(ring, NULL), "receive by io_uring");
		c = CMSG_FIRSTHDR(&message);
		if (c && c->cmsg_type == SO_TIMESTAMPNS)
			memcpy(&time, CMSG_DATA(c), sizeof(time));
		take(&tally, pktmeta_at(fd, number, &time, &value, sizeof(value)), bytes[0] == value);
	}
	tell("at", &tally);
}

#define BUFFERS 16
#define BUFFER 64

/* Once submitted, each packet is read as it comes: the answer before that is about the first one only. */
static void read_many(struct ring *ring, int fd, int number)
{
	static char buffers[BUFFERS][BUFFER];
	struct tally before = {0}, behind = {0};
	__u64 value = 0, first;
	unsigned flags;
	int err;

	submit(ring, (struct io_uring_sqe){.opcode = IORING_OP_PROVIDE_BUFFERS,
					   .fd = BUFFERS,
					   .addr = (__u64)buffers,
					   .len = BUFFER,
					   .buf_group = 7});
	checked(completed(ring, NULL), "provide buffers");
	send_datagram(1000, BUFFER);
	poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 1000);
	err = pktmeta_next(fd, number, &value, sizeof(value));
	submit(ring, (struct io_uring_sqe){.opcode = IORING_OP_RECV,
					   .fd = fd,
					   .flags = IOSQE_BUFFER_SELECT,
					   .ioprio = IORING_RECV_MULTISHOT,
					   .buf_group = 7});
	if (completed(ring, &flags) < 0) {
		printf("multishot: not in this kernel\n");
		return;
	}
	memcpy(&first, buffers[flags >> IORING_CQE_BUFFER_SHIFT], sizeof(first));
	take(&before, err, first == value && value == 1000);
	for (int i = 0; i < 8; i++) {
		send_datagram(2000 + i, BUFFER);
		checked(completed(ring, &flags), "receive by io_uring");
		take(&behind, pktmeta_next(fd, number, &value, sizeof(value)), 0);
	}
	tell("multishot, the first", &before);
	tell("multishot, the others", &behind);
}

static void io_uring(void)
{
	int fd = bound(SOCK_DGRAM), number = id_of(fd, "number");
	struct ring ring;

	if (!set_up(&ring))
		return;
	read_after_asking(&ring, fd, number);
	ask_after_reading(&ring, fd, number);
	find_by_time(&ring, fd, number);
	read_many(&ring, fd, number);
}

const struct scenario uring_scenarios[] = {
	{"io_uring", io_uring},
	{},
};
