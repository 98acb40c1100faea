/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The table of the prebuilt programs, and how to run its steps.
 *
 * The loader fills the table before it freezes .rodata. The verifier then knows every operand and removes every
 * branch not taken, so what remains of 31 unrolled steps is straight-line code for just the registered fields:
 * cost grows with fields, not with slots.
 */
#ifndef PKTMETA_STEPS_BPF_H
#define PKTMETA_STEPS_BPF_H

#include <pktmeta/loader.h>

const volatile struct pktmeta_table pktmeta_table = {};

/* Unrolled by hand: clang gives up on a `#pragma unroll` of this size. */
/* clang-format off */
#define __STEP(run, i) run(&pktmeta_table.steps[i])
#define FOR_EACH_STEP(run) \
	__STEP(run, 0) __STEP(run, 1) __STEP(run, 2) __STEP(run, 3) __STEP(run, 4) __STEP(run, 5) __STEP(run, 6) __STEP(run, 7) \
	__STEP(run, 8) __STEP(run, 9) __STEP(run, 10) __STEP(run, 11) __STEP(run, 12) __STEP(run, 13) __STEP(run, 14) __STEP(run, 15) \
	__STEP(run, 16) __STEP(run, 17) __STEP(run, 18) __STEP(run, 19) __STEP(run, 20) __STEP(run, 21) __STEP(run, 22) __STEP(run, 23) \
	__STEP(run, 24) __STEP(run, 25) __STEP(run, 26) __STEP(run, 27) __STEP(run, 28) __STEP(run, 29) __STEP(run, 30)

#define FOR_EACH_SLOT(run) \
	run(1) run(2) run(3) run(4) run(5) run(6) run(7) run(8) run(9) run(10) run(11) run(12) run(13) run(14) run(15) run(16) \
	run(17) run(18) run(19) run(20) run(21) run(22) run(23) run(24) run(25) run(26) run(27) run(28) run(29) run(30) run(31)
/* clang-format on */

/*
 * Whether the registry is the one that the table was made for. A change raises the registry's revision before anything
 * else, and gives a slot or its bytes to another field only once all programs that were running have returned, so what
 * is true as this is asked stays true while the program runs.
 */
static __always_inline int is_as_loaded(const struct pktmeta_cursor *c)
{
	return c->registry && *(volatile __u64 *)&c->registry->revision == pktmeta_table.revision;
}

/*
 * Whether each field lies in the packet's area where the table says: the area is open, in a registry as loaded, and of
 * a generation in which the places are right.
 *
 * The pointer to the area is loaded anew: open has found it or made it in one of many sizes, and the verifier would
 * follow all that comes with each of the ranges that it knows from there.
 */
static __always_inline int __has_places(const struct pktmeta_cursor *c, void *meta, void *data, void **area)
{
	__u64 age;

	if (!__pktmeta_is_open(c) || !is_as_loaded(c))
		return 0;
	age = c->stamp - __PKTMETA_SEAL(BASE) - pktmeta_table.oldest;
	*area = meta;
	return age <= pktmeta_table.span && meta + pktmeta_table.capacity <= data;
}

#define has_places(c, ctx, area) __has_places(c, __PKTMETA_POINTER(ctx, data_meta), __PKTMETA_POINTER(ctx, data), area)

/* Which fields the packet's area has, one bit a slot. */
static __always_inline volatile __u32 *fields_set(void *area)
{
	return &((volatile struct pktmeta_header *)area)->fields_set;
}

/* The state as a step's field sees it: elements 0 of what is kept of slots are its own. */
static __always_inline struct pktmeta_state *state_of(struct pktmeta_state *state,
						      const volatile struct pktmeta_step *step)
{
	return (void *)state + step->slot;
}

/*
 * Moves a value between places that are aligned to 8 bytes or, where the size is less, to the size. The verifier knows
 * the size and removes what is not taken of it. That takes the kernel as long as there are pieces to be removed, and
 * instructions behind each: so only what types have is here, and other sizes are a function's.
 */
#define MOVE(type, to, from) (*(volatile type *)(to) = *(const volatile type *)(from))
#define MOVE_WORD(to, from, size) \
	do { \
		if ((size) == 4) { \
			MOVE(__u32, to, from); \
		} else if ((size) == 8) { \
			MOVE(__u64, to, from); \
		} else if ((size) == 2) { \
			MOVE(__u16, to, from); \
		} else if ((size) == 1) { \
			MOVE(__u8, to, from); \
		} else if (size) { \
			move_bytes(to, (const void *)(from), size); \
		} \
	} while (0)
#define MOVE_MORE(to, from, size) \
	do { \
		if ((size) == 16) { \
			MOVE(__u64, to, from); \
			MOVE(__u64, (void *)(to) + 8, (void *)(from) + 8); \
		} else { \
			move_bytes(to, (const void *)(from), size); \
		} \
	} while (0)
#define MOVE_VALUE(to, from, size) \
	do { \
		if ((size) <= sizeof(__u64)) \
			MOVE_WORD(to, from, size); \
		else \
			MOVE_MORE(to, from, size); \
	} while (0)

static __attribute__((noinline, unused)) int move_bytes(void *to, const void *from, __u64 size)
{
	__u64 done = size & ~7ULL;

#pragma unroll
	for (__u32 i = 0; i < PKTMETA_VALUE_MAX; i += 8)
		if (size >= i + 8)
			MOVE(__u64, to + i, from + i);
	if (size & 4) {
		MOVE(__u32, to + done, from + done);
		done += 4;
	}
	if (size & 2) {
		MOVE(__u16, to + done, from + done);
		done += 2;
	}
	if (size & 1)
		MOVE(__u8, to + done, from + done);
	return 0;
}

#endif /* PKTMETA_STEPS_BPF_H */
