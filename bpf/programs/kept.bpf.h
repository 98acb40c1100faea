/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Areas of packets that came to a socket, kept for some time for when it asks: of sockets that have asked for that. */
#ifndef PKTMETA_KEPT_BPF_H
#define PKTMETA_KEPT_BPF_H

#include <pktmeta/skb.bpf.h>
#include <pktmeta/sockets.h>

/*
 * Slots are filled one after the other: a word that tells which packet or which bytes it is about, and the area. Their
 * numbers count on and on, from first to one less than next.
 */
struct pktmeta_kept {
	struct bpf_spin_lock lock;
	__u32 first, next;
	__u32 lost, seen; /* of bytes, see keep_bytes() */
	__u32 pad;
	__u64 slots[PKTMETA_KEPT_SIZE / 8];
};

/* BPF_F_CLONE: accepted sockets have what the listening one has asked for. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct pktmeta_socket_options);
} pktmeta_options SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct pktmeta_kept);
} pktmeta_rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct pktmeta_kept);
} pktmeta_runs SEC(".maps");

#define AREA_WORDS_MAX (PKTMETA_CAPACITY_MAX / 8)

static __always_inline __u64 *slot_of(struct pktmeta_kept *kept, __u32 number)
{
	__u64 capacity = __PKTMETA_SEAL(CAPACITY);
	__u64 index = number & (pktmeta_sockets.slots - 1);

	__PKTMETA_KEEP(index);
	return (void *)kept->slots + index * (8 + capacity);
}

/* Of no area, a word of zeros, which has no seal. */
static __always_inline void copy_area(__u64 *words, const struct pktmeta_skb_cursor *c)
{
	__u64 capacity = __PKTMETA_SEAL(CAPACITY);

	words[0] = 0;
	if (!c->cursor.is_open)
		return;
	if (!(__PKTMETA_HAS_CAST && (__PKTMETA_HAS_BYTES || __PKTMETA_HAS_WORDS))) {
		bpf_probe_read_kernel(words, capacity, c->cursor.area);
		return;
	}
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < AREA_WORDS_MAX; i++) {
		if (i * 8 >= capacity)
			break;
		words[i] = __pktmeta_kernel_word(c->cursor.area + i * 8);
	}
}

/* Copies an area. */
static __always_inline void copy_words(__u64 *to, const __u64 *from)
{
	__u64 capacity = __PKTMETA_SEAL(CAPACITY);

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < AREA_WORDS_MAX; i++) {
		if (i * 8 >= capacity)
			break;
		to[i] = from[i];
	}
}

/* Whether two have the same area, or both none. Under the lock. */
static __always_inline int is_same_area(const __u64 *slot, const __u64 *words)
{
	__u64 capacity = __PKTMETA_SEAL(CAPACITY);
	__u64 differences = slot[1] ^ words[0];

	if (!words[0])
		return !differences;
#pragma clang loop unroll(disable)
	for (__u32 i = 1; i < AREA_WORDS_MAX; i++) {
		if (i * 8 >= capacity)
			break;
		differences |= slot[1 + i] ^ words[i];
	}
	return !differences;
}

/* Takes the next slot, and gives the oldest up if all are taken. Under the lock. */
static __always_inline void keep(struct pktmeta_kept *kept, __u64 about, const __u64 *words)
{
	__u64 *slot = slot_of(kept, kept->next++);

	if (kept->next - kept->first > pktmeta_sockets.slots)
		kept->first = kept->next - pktmeta_sockets.slots;
	slot[0] = about;
	copy_words(slot + 1, words);
}

/* Datagrams: a slot is about the packet's timestamp, the lowest bits of which lead to it. */

/* Keeps a packet's area: the timestamp that the packet is to have. */
static __always_inline __u64 keep_datagram(struct pktmeta_kept *kept, __u64 time, const __u64 *words)
{
	__u64 mask = pktmeta_sockets.slots - 1;

	bpf_spin_lock(&kept->lock);
	time = (time & ~mask) | (kept->next & mask);
	keep(kept, time, words);
	bpf_spin_unlock(&kept->lock);
	return time;
}

/* By the lower half of the timestamp: 0 or -ESTALE. */
static __always_inline int find_datagram(struct pktmeta_kept *kept, __u32 ticket, __u64 *words)
{
	const __u64 *slot = slot_of(kept, ticket);
	int err = -ESTALE;

	bpf_spin_lock(&kept->lock);
	if ((__u32)slot[0] == ticket && slot[0]) {
		copy_words(words, slot + 1);
		err = 0;
	}
	bpf_spin_unlock(&kept->lock);
	return err;
}

/*
 * Bytes of TCP: a slot is about a run of bytes that came with the same area, by sequence numbers. Runs may overlap,
 * where bytes were sent again, and be in any order.
 *
 * Of bytes in front of `lost`, runs may be missing: that of the packet which brought a byte, while one is there of a
 * packet that brought it again. So nothing is known of any of them.
 */
struct run {
	__u32 from, to; /* to the byte behind it */
};

/* Longer ones are cut, so that numbers which have come round are told apart. */
#define RUN_LENGTH_MAX (1U << 30)

static __always_inline struct run run_of(const __u64 *slot)
{
	struct run run = {.from = (__u32)slot[0], .to = (__u32)(slot[0] >> 32)};

	return run;
}

static __always_inline __u64 word_of(struct run run)
{
	return run.from | (__u64)run.to << 32;
}

static __always_inline int is_before(__u32 one, __u32 other)
{
	return (__s32)(one - other) < 0;
}

static __always_inline int has_byte(struct run run, __u32 byte)
{
	return byte - run.from < run.to - run.from;
}

/* Forgets all, as a socket begins to connect anew. */
static __always_inline void forget_bytes(struct pktmeta_kept *kept)
{
	bpf_spin_lock(&kept->lock);
	kept->first = kept->next = 0;
	bpf_spin_unlock(&kept->lock);
}

/* Takes note of what was not kept: bytes that came before it was asked for, or while no program was attached. */
static __always_inline void find_lost(struct pktmeta_kept *kept, struct run bytes, struct progress progress)
{
	if (!kept->next || kept->seen - progress.received > RUN_LENGTH_MAX)
		kept->lost = kept->seen = progress.edge;
	if (is_before(kept->seen, bytes.to))
		kept->seen = bytes.to;
	if (bytes.from - kept->lost - RUN_LENGTH_MAX < RUN_LENGTH_MAX)
		kept->lost = bytes.from - RUN_LENGTH_MAX; /* else, in a while, it would be ahead */
}

/* Keeps a packet's area for its bytes. */
static __always_inline void keep_bytes(struct pktmeta_kept *kept, struct run bytes, struct progress progress,
				       const __u64 *words)
{
	__u64 *newest, *oldest;

	bpf_spin_lock(&kept->lock);
	find_lost(kept, bytes, progress);
	oldest = slot_of(kept, kept->first);
	if (kept->next != kept->first && bytes.from - run_of(oldest).to - RUN_LENGTH_MAX < RUN_LENGTH_MAX)
		kept->first++; /* else, in a while, it would be about other bytes */
	newest = slot_of(kept, kept->next - 1);
	if (kept->next != kept->first && is_same_area(newest, words)) {
		struct run run = run_of(newest);

		if (run.to == bytes.from && bytes.to - run.from < RUN_LENGTH_MAX) {
			run.to = bytes.to;
			newest[0] = word_of(run);
			goto unlock;
		}
		if (has_byte(run, bytes.from) && has_byte(run, bytes.to - 1))
			goto unlock;
	}
	oldest = slot_of(kept, kept->first);
	if (kept->next - kept->first == pktmeta_sockets.slots && is_before(kept->lost, run_of(oldest).to))
		kept->lost = run_of(oldest).to;
	keep(kept, word_of(bytes), words);
unlock:
	bpf_spin_unlock(&kept->lock);
}

/*
 * Finds the area that came with a byte, and how many of the bytes from there on, up to a limit, have the same. 0;
 * -ESTALE: nothing is known of it; -ENODATA: it came several times, with different areas.
 */
static __always_inline int find_bytes(struct pktmeta_kept *kept, __u32 byte, __u32 *count, __u64 *words)
{
	__u32 number, left = *count;
	int err = -ESTALE;

	bpf_spin_lock(&kept->lock);
	number = is_before(byte, kept->lost) ? kept->next : kept->first;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < PKTMETA_KEPT_SLOTS_MAX; i++) {
		const __u64 *slot = slot_of(kept, number);
		struct run run = run_of(slot);

		if (number == kept->next)
			break;
		number++;
		if (!has_byte(run, byte)) {
			if (run.from - byte < left)
				left = run.from - byte;
			continue;
		}
		if (run.to - byte < left)
			left = run.to - byte;
		if (err == -ESTALE) {
			copy_words(words, slot + 1);
			err = 0;
		} else if (!err && !is_same_area(slot, words)) {
			err = -ENODATA;
		}
	}
	bpf_spin_unlock(&kept->lock);
	*count = left;
	return err;
}

#endif /* PKTMETA_KEPT_BPF_H */
