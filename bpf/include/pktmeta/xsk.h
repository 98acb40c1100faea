/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Fields of packets that an application receives by AF_XDP: for C11 and C++, without a library.
 *
 *	struct pktmeta_xsk x;
 *	__u32 tenant, id;
 *
 *	err = pktmeta_xsk_open(&x, "/sys/fs/bpf/pktmeta");
 *	id = pktmeta_xsk_id(&x, "tenant");
 *	...
 *	data = umem + descriptor->addr;
 *	err = pktmeta_xsk_get(&x, data, id, &tenant, sizeof(tenant));
 *	...
 *	pktmeta_xsk_clear(&x, data);	before the frame goes to the fill ring again
 *
 * The area ends where the packet begins. Nothing that AF_XDP tells says whether there is one: in front of a packet
 * without an area lies what the frame had there before, which may be the area of a packet that the frame held earlier.
 * That one's seal is good, too. So whoever gives a frame back clears the area first, be it that no field was got;
 * then what is found is the packet's own. A frame that was never filled, or that somebody else has written to, shows
 * no area: it has not the seal.
 *
 * The packet must not have been moved in the frame, and the frame must be the application's: between the receive ring
 * and the fill ring. All calls look the field's place up in the registry, as it is at the time; any number of threads
 * may share a struct pktmeta_xsk. They return 0 or, checked in this order:
 *	-ENOENT		no such field: never registered, or a stale id
 *	-EINVAL		the size is not the field's
 *	-EFAULT		no area, someone else's, damaged, or older than the field
 *	-ENOENT		the packet does not carry the field
 */
#ifndef PKTMETA_XSK_H
#define PKTMETA_XSK_H

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __cplusplus
#ifndef _Static_assert
#define _Static_assert static_assert
#endif
#else
long syscall(long number, ...); /* which unistd.h has not where the compiler is told to keep to C11 */
#endif

#include "abi.h"

struct pktmeta_xsk {
	const struct pktmeta_registry *registry; /* as it is: others change it */
	__u64 stamp;                             /* of generation 0 */
	__u32 header;                            /* the seal's half in an area's header */
	__u32 identity;                          /* pktmeta_word_registry() */
	__u32 capacity;                          /* bytes of an area */
};

/* Opening. */

static inline __u64 __pktmeta_xsk_load(const __u64 *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/*
 * Begins with a registry that lies mapped somewhere, and its seal. 0, or -EPROTONOSUPPORT: it is none, or of another
 * ABI.
 */
static inline int pktmeta_xsk_init(struct pktmeta_xsk *x, const struct pktmeta_registry *registry, __u64 seal)
{
	__u64 word = __pktmeta_xsk_load(&registry->word);

	if (pktmeta_word_magic(word) != PKTMETA_MAGIC)
		return -EPROTONOSUPPORT;
	x->registry = registry;
	x->stamp = pktmeta_seal_stamp(seal);
	x->header = pktmeta_seal_header(seal);
	x->identity = pktmeta_word_registry(word);
	x->capacity = pktmeta_word_capacity(word);
	return 0;
}

static inline int __pktmeta_xsk_call(int command, union bpf_attr *attributes)
{
	long result = syscall(SYS_bpf, command, attributes, sizeof(*attributes));

	return result < 0 ? -errno : (int)result;
}

/* A descriptor of what is pinned there, or -errno. */
static inline int __pktmeta_xsk_pin(const char *registry, const char *name, __u32 flags)
{
	char path[4096];
	union bpf_attr attributes;

	if (snprintf(path, sizeof(path), "%s/%s", registry, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	memset(&attributes, 0, sizeof(attributes));
	attributes.pathname = (uintptr_t)path;
	attributes.file_flags = flags;
	return __pktmeta_xsk_call(BPF_OBJ_GET, &attributes);
}

static inline int __pktmeta_xsk_seal(const char *registry, __u64 *seal)
{
	struct pktmeta_secret secret = {0};
	union bpf_attr attributes;
	__u32 zero = 0;
	int fd = __pktmeta_xsk_pin(registry, "secret/seal", BPF_F_RDONLY), err;

	if (fd < 0)
		return fd;
	memset(&attributes, 0, sizeof(attributes));
	attributes.map_fd = (__u32)fd;
	attributes.key = (uintptr_t)&zero;
	attributes.value = (uintptr_t)&secret;
	err = __pktmeta_xsk_call(BPF_MAP_LOOKUP_ELEM, &attributes);
	close(fd);
	*seal = secret.seal;
	return err;
}

/*
 * Opens the registry whose pins are in a folder: as its owner or as root, since it takes the seal. A process that has
 * done so may give its privileges up; it has the seal then, as who sees the packets has it.
 *
 * 0, or -errno: -EACCES: the pins are not for this process to open; -EPROTONOSUPPORT: of another ABI.
 */
static inline int pktmeta_xsk_open(struct pktmeta_xsk *x, const char *registry)
{
	__u64 seal = 0;
	void *mapped;
	int fd, err = __pktmeta_xsk_seal(registry, &seal);

	if (err)
		return err;
	/* What was opened for reading alone the kernel does not map; what is mapped for reading alone stays so. */
	fd = __pktmeta_xsk_pin(registry, "registry", 0);
	if (fd < 0)
		return fd;
	mapped = mmap(NULL, sizeof(struct pktmeta_registry), PROT_READ, MAP_SHARED, fd, 0);
	err = mapped == MAP_FAILED ? -errno : 0;
	close(fd);
	if (err)
		return err;
	err = pktmeta_xsk_init(x, (const struct pktmeta_registry *)mapped, seal);
	if (err)
		munmap(mapped, sizeof(struct pktmeta_registry));
	return err;
}

/* Ends what pktmeta_xsk_open() has begun. */
static inline void pktmeta_xsk_close(struct pktmeta_xsk *x)
{
	munmap((void *)(uintptr_t)x->registry, sizeof(struct pktmeta_registry));
	x->registry = NULL;
}

/*
 * The id of the field that has this name now; 0 if there is none. To be asked once, and again after -ENOENT: an id is
 * never another field's.
 */
static inline __u32 pktmeta_xsk_id(const struct pktmeta_xsk *x, const char *name)
{
	__u32 slot;

	for (slot = 1; slot < PKTMETA_SLOTS; slot++) {
		__u64 before = __pktmeta_xsk_load(&x->registry->layouts[slot]);
		char found[PKTMETA_NAME_SIZE];

		if (pktmeta_layout_slot(before) != slot)
			continue;
		memcpy(found, x->registry->entries[slot - 1].name, sizeof(found));
		found[sizeof(found) - 1] = 0;
		/* Another field may come to the slot meanwhile. */
		if (!strcmp(found, name) && __pktmeta_xsk_load(&x->registry->layouts[slot]) >> 32 == before >> 32)
			return (__u32)(before >> 32);
	}
	return 0;
}

/* Getting. */

static inline unsigned char *__pktmeta_xsk_area(const struct pktmeta_xsk *x, const void *data)
{
	return (unsigned char *)(uintptr_t)data - x->capacity;
}

/* Finds the packet's area; 0, or -EFAULT. */
static inline int __pktmeta_xsk_find(const struct pktmeta_xsk *x, const void *data, struct pktmeta_header *header,
				     __u64 *stamp)
{
	const unsigned char *area = __pktmeta_xsk_area(x, data);
	__u64 word = __pktmeta_xsk_load(&x->registry->word);
	__u64 trailer;

	memcpy(header, area, sizeof(*header));
	memcpy(&trailer, area + x->capacity - PKTMETA_TRAILER_SIZE, sizeof(trailer));
	*stamp = pktmeta_trailer_stamp(trailer);
	if (header->seal != x->header || pktmeta_word_registry(word) != x->identity)
		return -EFAULT;
	return x->stamp + pktmeta_word_generation(word) - *stamp >= PKTMETA_GENERATIONS ? -EFAULT : 0;
}

/* Where in the area the field of a slot lies, by the lower bits of its layout word; or an error. */
static inline int __pktmeta_xsk_place(const struct pktmeta_xsk *x, const void *data, __u64 bits, __u32 size,
				      __u32 *fields_set)
{
	__u32 offset = PKTMETA_HEADER_SIZE + (__u32)(bits >> 16);
	struct pktmeta_header header;
	__u64 stamp;
	int err = __pktmeta_xsk_find(x, data, &header, &stamp);

	if (err)
		return err;
	if (pktmeta_generation_is_older((__u16)stamp, pktmeta_layout_generation(bits)) ||
	    offset + size + PKTMETA_TRAILER_SIZE > x->capacity)
		return -EFAULT;
	*fields_set = header.fields_set;
	return (int)offset;
}

/*
 * Gets a field of the packet that begins at data: the errors are above. If not 0, nothing is stored.
 */
static inline int pktmeta_xsk_get(const struct pktmeta_xsk *x, const void *data, __u32 id, void *value, __u32 size)
{
	__u64 layout = __pktmeta_xsk_load(&x->registry->layouts[id % PKTMETA_SLOTS]);
	__u64 difference = pktmeta_layout_difference(layout, id, size);
	__u32 fields_set = 0;
	int place;

	if (difference >> PKTMETA_PLACE_BITS || size > PKTMETA_VALUE_MAX)
		return difference >> 32 ? -ENOENT : -EINVAL;
	place = __pktmeta_xsk_place(x, data, difference, size, &fields_set);
	if (place < 0)
		return place;
	if (!(fields_set >> id % PKTMETA_SLOTS & 1))
		return -ENOENT;
	memcpy(value, __pktmeta_xsk_area(x, data) + place, size);
	return 0;
}

/* Whether the packet carries the field: 1, 0, or an error. */
static inline int pktmeta_xsk_is_set(const struct pktmeta_xsk *x, const void *data, __u32 id)
{
	const __u64 bits = (1ULL << PKTMETA_PLACE_BITS) - 1;
	__u64 layout = __pktmeta_xsk_load(&x->registry->layouts[id % PKTMETA_SLOTS]);
	__u64 difference = pktmeta_layout_difference(layout, id, 0);
	__u32 fields_set = 0;
	int place;

	if (difference >> 32)
		return -ENOENT;
	place = __pktmeta_xsk_place(x, data, difference & bits, pktmeta_layout_size(difference), &fields_set);
	return place < 0 ? place : (int)(fields_set >> id % PKTMETA_SLOTS & 1);
}

/*
 * Takes the packet's area away, before its frame goes to the fill ring: for each frame, whatever was got of it. Else
 * the next packet in it that has no area shows this one's.
 */
static inline void pktmeta_xsk_clear(const struct pktmeta_xsk *x, void *data)
{
	memset(__pktmeta_xsk_area(x, data), 0, sizeof(struct pktmeta_header));
}

#endif /* PKTMETA_XSK_H */
