/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A field of the table by its id, its place looked up: for packets and moments for which the table does not say it.
 *
 * The functions here work on any step, with a size that is not known before they run. So a program holds them once, as
 * global functions, which the verifier checks apart from their callers: thirty-one copies took it some hundred thousand
 * instructions.
 */
#ifndef PKTMETA_BY_ID_BPF_H
#define PKTMETA_BY_ID_BPF_H

#include "steps.bpf.h"

#define MAX_OFFSET \
	(0xffff - PKTMETA_VALUE_MAX) /* of a value: the verifier allows a packet of 64 KiB (MAX_PACKET_OFF) */

/* The packet's area, as open has found or made it; what is found is not counted once more. */
static __always_inline void __reopen(struct pktmeta_cursor *c, void *meta, void *data)
{
	const struct pktmeta_registry *registry = __pktmeta_registry();
	__u64 word = __pktmeta_registry_word(registry);

	__pktmeta_empty(c, registry);
	if (!__pktmeta_find_counts(&c->counts) && __pktmeta_is_bound(word))
		__pktmeta_find(c, __pktmeta_now(word), meta, data);
}

#define reopen(c, ctx) __reopen(c, __PKTMETA_POINTER(ctx, data_meta), __PKTMETA_POINTER(ctx, data))

/*
 * Copies between the packet and map memory, size bytes, at most PKTMETA_VALUE_MAX, in the largest pieces there are.
 * Each is checked against the end: of a size that it does not know the verifier allows no access.
 */
#define PIECE(type, TRANSFER) \
	do { \
		if (packet + sizeof(type) > end) \
			return -EFAULT; \
		TRANSFER(type); \
		packet += sizeof(type); \
		memory += sizeof(type); \
	} while (0)
#define PIECES(TRANSFER) \
	do { \
		__PKTMETA_KEEP(size); /* in one register, or older verifiers lose what the comparison tells */ \
		if (size > PKTMETA_VALUE_MAX) \
			return -EFAULT; \
		for (; size >= sizeof(__u64); size -= sizeof(__u64)) \
			PIECE(__u64, TRANSFER); \
		if (size & sizeof(__u32)) \
			PIECE(__u32, TRANSFER); \
		if (size & sizeof(__u16)) \
			PIECE(__u16, TRANSFER); \
		if (size & sizeof(__u8)) \
			PIECE(__u8, TRANSFER); \
	} while (0)

static __always_inline int load_bytes(void *memory, void *packet, void *end, __u64 size)
{
#define LOAD(type) MOVE(type, memory, packet)
	PIECES(LOAD);
#undef LOAD
	return 0;
}

static __always_inline int store_bytes(void *packet, void *end, void *memory, __u64 size)
{
#define STORE(type) MOVE(type, packet, memory)
	PIECES(STORE);
#undef STORE
	return 0;
}

#endif /* PKTMETA_BY_ID_BPF_H */
