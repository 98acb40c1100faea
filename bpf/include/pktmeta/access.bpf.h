/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Dynamic access: by id, the place looked up in the registry as the packet passes. */
#ifndef PKTMETA_ACCESS_BPF_H
#define PKTMETA_ACCESS_BPF_H

/*
 * What an id says in BTF of the size that it is used with (abi.h): nothing here, and in the scope of a call its size,
 * if the compiler knows it.
 */
/* clang-format off */
enum { __pktmeta_used_size = PKTMETA_USED_ANY };

#define __PKTMETA_SIZED(size, call) \
	({ \
		_Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wshadow\"") \
		enum { __pktmeta_used_size = __builtin_choose_expr(__builtin_constant_p(size), \
								   PKTMETA_USED_SIZE(size), PKTMETA_USED_ANY) }; \
		_Pragma("clang diagnostic pop") \
		call; \
	})
/* clang-format on */

/*
 * The id of a registered field, by its name: a constant that the loader fills in as the program is loaded
 * (CO-RE, against the BTF of the registry). In a call of pktmeta_set() or pktmeta_get() the loader learns the call's
 * size too, and refuses a program that uses another than the field's.
 */
#define PKTMETA_ID(name) \
	({ \
		enum pktmeta_id_##name{PKTMETA_ID_##name = __pktmeta_used_size}; \
		__u64 __id = bpf_core_enum_value(enum pktmeta_id_##name, PKTMETA_ID_##name); \
		__PKTMETA_KEEP(__id); \
		(__u32) __id; \
	})

typedef __u64 __attribute__((__may_alias__)) __pktmeta_u64;
typedef __u32 __attribute__((__may_alias__)) __pktmeta_u32;
typedef __u16 __attribute__((__may_alias__)) __pktmeta_u16;
typedef __u8 __attribute__((__may_alias__)) __pktmeta_u8;

/*
 * Copies 8, 4, 2 and 1 bytes at a time between a value, whose alignment the compiler knows, and its place, where
 * fields are aligned by the registry. A size that only the verifier knows (from frozen .rodata) does too: it
 * removes the branches not taken. Places are volatile: the compiler would take a frozen constant for what it is
 * before the loader fills it in.
 */
#define __PKTMETA_STORE(type, place, value) \
	({ \
		type chunk; \
		__builtin_memcpy(&chunk, (value), sizeof(chunk)); \
		*(volatile type *)(place) = chunk; \
	})
#define __PKTMETA_LOAD(type, place, value) \
	({ \
		type chunk = *(volatile type *)(place); \
		__builtin_memcpy((value), &chunk, sizeof(chunk)); \
	})
#define __PKTMETA_COPY(move, place, value, size) \
	({ \
		__u32 done = 0; \
		_Pragma("unroll") for (__u32 i = 0; i + 8 <= PKTMETA_VALUE_MAX; i += 8) \
		{ \
			if ((size) >= i + 8) \
				move(__pktmeta_u64, (place) + i, (value) + i); \
		} \
		done = (size) & ~7U; \
		if ((size)&4) { \
			move(__pktmeta_u32, (place) + done, (value) + done); \
			done += 4; \
		} \
		if ((size)&2) { \
			move(__pktmeta_u16, (place) + done, (value) + done); \
			done += 2; \
		} \
		if ((size)&1) \
			move(__pktmeta_u8, (place) + done, (value) + done); \
	})

/* Of the word of the slot that the id leads to: pktmeta_layout_difference(). */
static __always_inline __u64 __pktmeta_difference(const struct pktmeta_cursor *c, __u32 id, __u32 size)
{
	/* A bound cursor has not looked the registry up: most programs that open one never ask it. */
	const struct pktmeta_registry *registry = c->registry ? c->registry : __pktmeta_registry();

	return pktmeta_layout_difference(__pktmeta_layout_word(registry, id), id, size);
}

/*
 * The layout word says since which generation a field lies where it says, the stamp in which generation the area was
 * made.
 */
static __always_inline int __pktmeta_check_age(const struct pktmeta_cursor *c, __u64 layout)
{
	if (!__pktmeta_is_open(c))
		return -EFAULT;
	if (pktmeta_generation_is_older(c->stamp, pktmeta_layout_generation(layout)))
		return -EFAULT;
	return 0;
}

/* Where a value lies in this packet. */
struct __pktmeta_place {
	void *value;
	__u32 offset; /* from the start of the area */
};

/* By the lower bits of the layout word, above which nothing is set: inside the area, or nowhere. */
static __always_inline int __pktmeta_find_place(const struct pktmeta_cursor *c, __u64 bits, __u32 size,
						struct __pktmeta_place *place)
{
	int err = __pktmeta_check_age(c, bits);
	__u64 offset = PKTMETA_HEADER_SIZE + (bits >> 16);
	void *p;

	if (err)
		return err;
	p = c->area + offset;
	if (p + size + PKTMETA_TRAILER_SIZE > c->end)
		return -EFAULT;
	place->value = p;
	place->offset = (__u32)offset;
	return 0;
}

/* Where a field of this size lies in this packet. */
static __always_inline int __pktmeta_locate(const struct pktmeta_cursor *c, __u32 id, __u32 size,
					    struct __pktmeta_place *place)
{
	__u64 difference = __pktmeta_difference(c, id, size);

	if (difference >> PKTMETA_PLACE_BITS || size > PKTMETA_VALUE_MAX)
		return difference >> 32 ? -ENOENT : -EINVAL;
	return __pktmeta_find_place(c, difference, size, place);
}

/* The same for calls that have no size of their own. */
static __always_inline int __pktmeta_locate_any(const struct pktmeta_cursor *c, __u32 id)
{
	const __u64 bits = (1ULL << PKTMETA_PLACE_BITS) - 1;
	__u64 difference = __pktmeta_difference(c, id, 0);
	struct __pktmeta_place place;

	if (difference >> 32)
		return -ENOENT;
	return __pktmeta_find_place(c, difference & bits, pktmeta_layout_size(difference), &place);
}

static __always_inline __u32 __pktmeta_bit(__u32 id)
{
	return 1U << (pktmeta_id_slot(id) % PKTMETA_SLOTS);
}

/* Puts the value there, and marks in the header. */
static __always_inline int __pktmeta_write(struct pktmeta_cursor *c, const struct __pktmeta_place *place,
					   const void *value, __u32 size, struct __pktmeta_marks marks)
{
	int err;

	if (__pktmeta_writes_by_dynptr(c)) {
		err = __pktmeta_write_by_dynptr(c, place->offset, value, size, marks);
		__pktmeta_refresh(c, err);
		return err;
	}
	__PKTMETA_COPY(__PKTMETA_STORE, place->value, value, size);
	__pktmeta_store_marks(c, marks);
	return 0;
}

/* Stores a value of that many bytes and marks the field as set. At TC also -EBUSY, if a tap shares the packet. */
static __always_inline int __pktmeta_set(struct pktmeta_cursor *c, __u32 id, const void *value, __u32 size)
{
	struct __pktmeta_place place;
	int err;

	err = __pktmeta_locate(c, id, size, &place);
	if (!err)
		err = __pktmeta_write(c, &place, value, size, __pktmeta_mark(__pktmeta_bit(id)));
	__pktmeta_count_set(&c->counts, id, err);
	return err;
}

#define pktmeta_set(cursor, id, value, size) __PKTMETA_SIZED(size, __pktmeta_set(cursor, id, value, size))

/* Loads a value of that many bytes; -ENOENT too if this packet does not carry the field. */
static __always_inline int __pktmeta_get(const struct pktmeta_cursor *c, __u32 id, void *value, __u32 size)
{
	struct __pktmeta_place place;
	int err, carried;

	err = __pktmeta_locate(c, id, size, &place);
	carried = !err && __pktmeta_fields_set(c) & __pktmeta_bit(id);
	if (carried)
		__PKTMETA_COPY(__PKTMETA_LOAD, place.value, value, size);
	__pktmeta_count_get(&c->counts, id, err, carried);
	return err ? err : carried ? 0 : -ENOENT;
}

#define pktmeta_get(cursor, id, value, size) \
	__PKTMETA_SIZED(size, __PKTMETA_OF(cursor, __pktmeta_get)(cursor, id, value, size))

/* 1 if this packet carries the field, 0 if not, or -ENOENT or -EFAULT as above. */
static __always_inline int __pktmeta_is_set(const struct pktmeta_cursor *c, __u32 id)
{
	int err = __pktmeta_locate_any(c, id);

	return err ? err : !!(__pktmeta_fields_set(c) & __pktmeta_bit(id));
}

#define pktmeta_is_set(cursor, id) __PKTMETA_OF(cursor, __pktmeta_is_set)(cursor, id)

/* Makes the packet no longer carry the field. 0 also if it did not. A write, as set is. */
static __always_inline int pktmeta_clear(struct pktmeta_cursor *c, __u32 id)
{
	const struct __pktmeta_place nowhere = {};
	int err = __pktmeta_locate_any(c, id);

	return err ? err : __pktmeta_write(c, &nowhere, NULL, 0, __pktmeta_unmark(__pktmeta_bit(id)));
}

#endif /* PKTMETA_ACCESS_BPF_H */
