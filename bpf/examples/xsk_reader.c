// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * An application that receives packets by AF_XDP, behind to_xsk.bpf.c, and prints fields of each:
 *
 *	xsk_reader /sys/fs/bpf/pktmeta MAPS/xsks eth0 1000 tenant seen_at
 *
 * MAPS is the folder that `pktmeta status` tells. It takes the registry's pins, as owner or as root, and CAP_NET_RAW.
 * With -k in front of all it keeps the areas of the packets that it has seen, which is wrong: then packets without an
 * area show an earlier one's (xsk.h). With -u its frames lie at any addresses (XDP_UMEM_UNALIGNED_CHUNK_FLAG).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <pktmeta/xsk.h>

#define FRAMES 64
#define FRAME_SIZE 2048
#define UMEM_SIZE ((FRAMES + 2) * FRAME_SIZE) /* the last frame may reach beyond its own place */
#define SHIFT 3                               /* bytes, of frames that need not be aligned */
#define HEADERS 42                            /* bytes: Ethernet, IPv4, UDP */

#ifndef AF_XDP
#define AF_XDP 44
#define SOL_XDP 283
#endif

struct ring {
	uint32_t *producer, *consumer;
	void *descriptors;
};

static int checked(int result, const char *what)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "xsk_reader: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct ring map_ring(int fd, const struct xdp_ring_offset *offsets, size_t element, off_t page)
{
	size_t size = offsets->desc + FRAMES * element;
	char *start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, page);

	checked(start == MAP_FAILED ? -1 : 0, "map a ring");
	return (struct ring){(uint32_t *)(start + offsets->producer), (uint32_t *)(start + offsets->consumer),
			     start + offsets->desc};
}

static void set_option(int fd, int option, const void *value, socklen_t size)
{
	checked(setsockopt(fd, SOL_XDP, option, value, size), "set an option of AF_XDP");
}

/* A frame that the kernel may fill. */
static void give(struct ring *fill, uint64_t frame)
{
	uint32_t at = *fill->producer;

	((uint64_t *)fill->descriptors)[at % FRAMES] = frame;
	__atomic_store_n(fill->producer, at + 1, __ATOMIC_RELEASE);
}

/* A socket of the first queue, which copies packets: then any driver does, and fields come along. */
static int make_socket(const char *interface, char *umem, int is_unaligned, struct ring *fill, struct ring *received)
{
	struct xdp_umem_reg memory = {.addr = (uintptr_t)umem,
				      .len = UMEM_SIZE,
				      .chunk_size = FRAME_SIZE,
				      .flags = is_unaligned ? XDP_UMEM_UNALIGNED_CHUNK_FLAG : 0};
	struct sockaddr_xdp address = {.sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY};
	struct xdp_mmap_offsets offsets;
	socklen_t size = sizeof(offsets);
	int frames = FRAMES, fd = checked(socket(AF_XDP, SOCK_RAW, 0), "socket");

	set_option(fd, XDP_UMEM_REG, &memory, sizeof(memory));
	set_option(fd, XDP_UMEM_FILL_RING, &frames, sizeof(frames));
	set_option(fd, XDP_UMEM_COMPLETION_RING, &frames, sizeof(frames));
	set_option(fd, XDP_RX_RING, &frames, sizeof(frames));
	checked(getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &size), "XDP_MMAP_OFFSETS");
	*fill = map_ring(fd, &offsets.fr, sizeof(uint64_t), XDP_UMEM_PGOFF_FILL_RING);
	*received = map_ring(fd, &offsets.rx, sizeof(struct xdp_desc), XDP_PGOFF_RX_RING);
	for (uint64_t frame = 0; frame < FRAMES; frame++)
		give(fill, frame * FRAME_SIZE + (is_unaligned ? SHIFT : 0));
	address.sxdp_ifindex = if_nametoindex(interface);
	checked(bind(fd, (struct sockaddr *)&address, sizeof(address)), interface);
	return fd;
}

static void put_into_map(const char *path, int socket)
{
	union bpf_attr attributes = {.pathname = (uintptr_t)path};
	uint32_t queue = 0, value = (uint32_t)socket;
	int map = checked(syscall(SYS_bpf, BPF_OBJ_GET, &attributes, sizeof(attributes)), path);

	attributes = (union bpf_attr){.map_fd = map, .key = (uintptr_t)&queue, .value = (uintptr_t)&value};
	checked(syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attributes, sizeof(attributes)), "put the socket into the map");
	close(map);
}

/* Where a packet begins: a frame that is unaligned has how far it lies behind the frame's own address above that. */
static char *packet_of(char *umem, const struct xdp_desc *descriptor)
{
	return umem + (descriptor->addr & XSK_UNALIGNED_BUF_ADDR_MASK) +
	       (descriptor->addr >> XSK_UNALIGNED_BUF_OFFSET_SHIFT);
}

/* What goes to the fill ring again. */
static uint64_t frame_of(const struct xdp_desc *descriptor, int is_unaligned)
{
	return is_unaligned ? descriptor->addr & XSK_UNALIGNED_BUF_ADDR_MASK
			    : descriptor->addr / FRAME_SIZE * FRAME_SIZE;
}

/* The number in a value: of other types than integers, that of its first 8 bytes. */
static uint64_t number_of(const unsigned char *value, __u32 type)
{
	uint64_t number;

	memcpy(&number, value, sizeof(number)); /* zeros are behind the value */
	if (type == PKTMETA_TYPE_BE16)
		return ntohs((uint16_t)number);
	return type == PKTMETA_TYPE_BE32 ? ntohl((uint32_t)number) : number;
}

static void print_field(const struct pktmeta_xsk *x, const void *data, const char *name)
{
	__u32 id = pktmeta_xsk_id(x, name);
	__u32 slot = pktmeta_id_slot(id) % PKTMETA_SLOTS, type = slot ? x->registry->entries[slot - 1].type : 0;
	__u8 size = pktmeta_layout_size(x->registry->layouts[slot]);
	unsigned char value[PKTMETA_VALUE_MAX] = {};
	int err = pktmeta_xsk_get(x, data, id, value, size);

	if (err)
		printf(" %s: %s", name, strerrorname_np(-err));
	else
		printf(" %s=%llu", name, (unsigned long long)number_of(value, type));
}

int main(int argc, char **argv)
{
	int keeps = argc > 1 && !strcmp(argv[1], "-k");
	int is_unaligned = argc > 1 && !strcmp(argv[1], "-u");
	char *umem = mmap(NULL, UMEM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ring fill, received;
	struct pktmeta_xsk x = {};
	struct pollfd ready;
	long left;
	int err, i;

	argv += keeps || is_unaligned;
	argc -= keeps || is_unaligned;
	if (argc < 6) {
		fprintf(stderr, "usage: xsk_reader [-k | -u] REGISTRY MAP INTERFACE PACKETS FIELD ...\n");
		return 64;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	err = pktmeta_xsk_open(&x, argv[1]);
	errno = -err;
	checked(err, argv[1]);
	ready = (struct pollfd){.fd = make_socket(argv[3], umem, is_unaligned, &fill, &received), .events = POLLIN};
	put_into_map(argv[2], ready.fd);
	printf("ready\n");
	for (left = atol(argv[4]); left > 0;) {
		uint32_t at = *received.consumer;
		uint64_t payload = 0;
		char *data;

		if (at == __atomic_load_n(received.producer, __ATOMIC_ACQUIRE)) {
			checked(poll(&ready, 1, -1), "poll");
			continue;
		}
		const struct xdp_desc *descriptor = (struct xdp_desc *)received.descriptors + at % FRAMES;

		data = packet_of(umem, descriptor);
		if (descriptor->len >= HEADERS + sizeof(payload))
			memcpy(&payload, data + HEADERS, sizeof(payload));
		printf("payload %llu:", (unsigned long long)payload);
		for (i = 5; i < argc; i++)
			print_field(&x, data, argv[i]);
		printf("\n");
		if (!keeps)
			pktmeta_xsk_clear(&x, data);
		give(&fill, frame_of(descriptor, is_unaligned));
		__atomic_store_n(received.consumer, at + 1, __ATOMIC_RELEASE);
		left--;
	}
	pktmeta_xsk_close(&x);
	return 0;
}
