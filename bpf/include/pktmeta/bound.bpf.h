/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Bound access: by name, the place fixed when the program is loaded. As fast as a struct that both sides agreed on.
 *
 *	PKTMETA_FIELD(__u32, tenant);
 *
 *	struct pktmeta_bound_cursor c;
 *
 *	pktmeta_open_bound(&c, ctx);
 *	err = PKTMETA_SET(&c, tenant, 42);
 *	err = PKTMETA_GET(&c, tenant, &value);
 *
 * The contract is that of dynamic access. The loader relocates the program against the registry's BTF (CO-RE), so
 * offsets and bits are immediate operands, calls for fields that do not exist fold to -ENOENT, and those with a type
 * of another size to -EINVAL. Loading takes CAP_BPF and CAP_NET_ADMIN only.
 *
 * What was true at load time holds for areas made in a range of generations, which is checked once, at open: from
 * the newest of the fields that the object declares to the one it was loaded at. pktmeta loads attached programs anew
 * before the generation leaves that range. If another loader attaches the program, nobody does; such programs
 * #define PKTMETA_BOUND_LIVE before the include, and each call compares the field's layout word in the registry
 * with the one it was bound to: a look-up more, and -ENOENT once the field has gone or moved.
 *
 * Types have 1, 2, 4, 6 or a multiple of 8 bytes, at most 64. For others there is dynamic access, with &c.cursor.
 */
#ifndef PKTMETA_BOUND_BPF_H
#define PKTMETA_BOUND_BPF_H

struct pktmeta_bound_cursor {
	struct pktmeta_cursor cursor;
};

enum pktmeta_info {
	PKTMETA_INFO_OLDEST =
		1,             /* stamp of the first generation in which all fields of the object lie where they lie */
	PKTMETA_INFO_SPAN = 2, /* generations from there to the last known */
	PKTMETA_INFO_CAPACITY = 3,
	PKTMETA_INFO_STAMP = 4,  /* of areas that the object makes; 0: it asks the registry */
	PKTMETA_INFO_SALT = 5,   /* drawn anew each time that a program is loaded (__pktmeta_is_bound()) */
	PKTMETA_INFO_HEADER = 6, /* the seal's half in an area's header */
};

#define __PKTMETA_INFO(what) ((__u64)bpf_core_enum_value(enum pktmeta_info, PKTMETA_INFO_##what))
#define __PKTMETA_BIND(what, name) ((__u64)bpf_core_enum_value(enum pktmeta_bind_##name, PKTMETA_##what##_##name))
#define __PKTMETA_EXISTS(name) bpf_core_enum_value_exists(enum pktmeta_bind_##name, PKTMETA_BIT_##name)

/* Declares, at file scope, a field that this object uses. */
#define PKTMETA_FIELD(ctype, name) \
	typedef ctype pktmeta_type_##name; \
	_Static_assert(sizeof(ctype) == 1 || sizeof(ctype) == 2 || sizeof(ctype) == 4 || sizeof(ctype) == 6 || \
			       (sizeof(ctype) % 8 == 0 && sizeof(ctype) <= PKTMETA_VALUE_MAX), \
		       #name ": bound access takes types of 1, 2, 4, 6 or a multiple of 8 bytes, at most 64"); \
	__PKTMETA_DECLARE(pktmeta_type_##name declared;, sizeof(ctype), name)

/* The same for a flag, which has no value. */
#define PKTMETA_FLAG(name) __PKTMETA_DECLARE(, 0, name)

#define __PKTMETA_DECLARE(declared, bytes, name) \
	struct pktmeta_field_##name { \
		declared __u64 u64[PKTMETA_VALUE_MAX / 8]; \
		__u32 u32[1]; \
		__u16 u16[3]; \
		__u8 u8[1]; \
	} __attribute__((preserve_access_index)); \
	enum pktmeta_bind_##name{ \
		PKTMETA_SIZE_##name = PKTMETA_USED_SIZE(bytes), \
		PKTMETA_BIT_##name = 1, \
		PKTMETA_LAYOUT_##name = 3, \
	} __PKTMETA_DECLARE_COUNTS(name)

/*
 * Whether an area of the registry's capacity lies there, and where it ends. One addition of an immediate for
 * each capacity, in assembly, or the compiler merges them into one of a register, which takes CAP_PERFMON. The verifier
 * knows the capacity and removes the others. The compiler must not know that it is one value that is compared again and
 * again, or it makes a switch of that, and from clang 22 with -mcpu=v4 on a jump table of the switch, which loaders do
 * not know.
 *
 * The verifier knows the end to be in reach for each capacity apart: without CAP_PERFMON it also follows what a CPU may
 * do with those that the area has not.
 */
static __always_inline int __pktmeta_has_area(void *meta, void *data, void **area_end)
{
#define __PKTMETA_CAPACITY(below, n) \
	do { \
		__PKTMETA_KEEP(capacity); \
		if (__builtin_expect(capacity == (n), 0)) { \
			asm volatile("%0 += " #n : "+r"(end)); \
			*area_end = end; \
			return end <= data && end + 4 > data; \
		} \
	} while (0);
	__u64 capacity = __PKTMETA_INFO(CAPACITY), salt;
	void *end = meta;

	*area_end = meta;

	__PKTMETA_CAPACITY(32, 64) /* most have that */
	__PKTMETA_CAPACITY(0, 32)
	PKTMETA_LARGE_CAPACITIES(__PKTMETA_CAPACITY)
#undef __PKTMETA_CAPACITY
	salt = __PKTMETA_INFO(SALT); /* nobody gets here: there are no other capacities */
	__PKTMETA_KEEP(salt);
	return 0;
}

static __always_inline __u32 __pktmeta_bound_fields_set(const struct pktmeta_bound_cursor *c)
{
	return __pktmeta_fields_set(&c->cursor);
}

#define __PKTMETA_FIELDS_SET(c) __PKTMETA_OF(c, __pktmeta_bound_fields_set)(c)

/* 0 if what was true at load time holds for areas with that stamp. */
static __always_inline int __pktmeta_check_range(__u64 stamp)
{
#ifdef PKTMETA_BOUND_LIVE
	__u64 word = __pktmeta_registry_word(__pktmeta_registry());

	/* Each call asks where its field lies. */
	return __pktmeta_is_bound(word) && __pktmeta_now(word) - stamp < PKTMETA_GENERATIONS ? 0 : -EBUSY;
#else
	__u64 age = stamp - __PKTMETA_INFO(OLDEST);

	if (age <= __PKTMETA_INFO(SPAN))
		return 0;
	return age + PKTMETA_GENERATIONS < 2 * PKTMETA_GENERATIONS ? -EFAULT : -EBUSY;
#endif
}

/*
 * As __PKTMETA_ZERO(), of an area whose size the verifier has seen. What is beyond it is asked for all the same:
 * without CAP_PERFMON the verifier also follows what a CPU may do ahead of a branch.
 */
#define __PKTMETA_ZERO_KNOWN(from, to) \
	if (capacity <= (from)) { \
		__PKTMETA_ASSIGN(done, 0); \
		return done; \
	} \
	if (area + (to) > end) \
		return -EFAULT; \
	__builtin_memset((__u64 *)(area + (from)), 0, (to) - (from));

static __always_inline int __pktmeta_zero_bound(void *area, void *end)
{
	__u64 capacity = __PKTMETA_INFO(CAPACITY);
	int done;

	__builtin_memset((__u64 *)area, 0, PKTMETA_CAPACITY_MIN);
	__PKTMETA_ZERO_KNOWN(PKTMETA_CAPACITY_MIN, 64)
	PKTMETA_LARGE_CAPACITIES(__PKTMETA_ZERO_KNOWN)
	return 0;
}

static __always_inline int __pktmeta_find_bound(struct pktmeta_bound_cursor *c, void *meta, void *data)
{
	const volatile struct pktmeta_header *header = meta;
	__u64 stamp;
	void *end;
	int err;

	if (!__pktmeta_has_area(meta, data, &end) || header->seal != __PKTMETA_INFO(HEADER))
		return -EBUSY;
	stamp = __pktmeta_load_stamp(end);
	err = __pktmeta_check_range(stamp);
	if (!err)
		__pktmeta_fill(&c->cursor, meta, data, stamp);
	return err;
}

static __always_inline int __pktmeta_make_bound(struct pktmeta_bound_cursor *c, struct xdp_md *ctx)
{
	__u32 capacity = __PKTMETA_INFO(CAPACITY);
	__u64 stamp = __PKTMETA_INFO(STAMP);
	void *meta, *end, *data;
	int err;

	if (!stamp) {
		__u64 word = __pktmeta_registry_word(__pktmeta_registry());

		/* Of another registry than the one it was bound to, or of one that has moved on without it. */
		if (!__pktmeta_is_bound(word))
			return -EFAULT;
		stamp = __pktmeta_now(word);
		if (__pktmeta_check_range(stamp))
			return -EFAULT;
	}
	err = bpf_xdp_adjust_meta(ctx, -(int)capacity);
	if (err == -EINVAL)
		return -ENOSPC;
	if (err)
		return -EOPNOTSUPP;
	meta = __PKTMETA_POINTER(ctx, data_meta);
	data = __PKTMETA_POINTER(ctx, data);
	if (!__pktmeta_has_area(meta, data, &end))
		return -EFAULT;
	err = __pktmeta_zero_bound(meta, data);
	if (err)
		return err;
	__pktmeta_store_seal(meta, end, __PKTMETA_INFO(HEADER), stamp);
	__pktmeta_fill(&c->cursor, meta, data, stamp);
	return 0;
}

/* As pktmeta_open_xdp(); -EFAULT too for an area older than this object's fields, or newer than its binding. */
static __always_inline int pktmeta_open_bound_xdp(struct pktmeta_bound_cursor *c, struct xdp_md *ctx)
{
	void *meta = __PKTMETA_POINTER(ctx, data_meta);
	void *data = __PKTMETA_POINTER(ctx, data);
	int made = 0;
	int err;

	__pktmeta_empty(&c->cursor, NULL);
	if (__pktmeta_find_counts(&c->cursor.counts))
		return -ENOENT;
	if (meta + 4 <= data) {
		err = __pktmeta_find_bound(c, meta, data);
	} else {
		err = __pktmeta_make_bound(c, ctx);
		made = 1;
	}
	__pktmeta_count_open(&c->cursor.counts, err, made);
	return err;
}

/* As pktmeta_open_tc(). */
static __always_inline int pktmeta_open_bound_tc(struct pktmeta_bound_cursor *c, struct __sk_buff *skb)
{
	int err = 0;

	__pktmeta_empty(&c->cursor, NULL);
	c->cursor.is_tc = 1;
	c->cursor.skb = skb;
	if (__pktmeta_find_counts(&c->cursor.counts))
		return -ENOENT;
	if (__pktmeta_find_bound(c, __PKTMETA_POINTER(skb, data_meta), __PKTMETA_POINTER(skb, data)))
		err = -EFAULT;
	__pktmeta_count_open(&c->cursor.counts, err, 0);
	return err;
}

/* Opens in XDP or TC, by the type of the context. */
#define pktmeta_open_bound(cursor, ctx) \
	_Generic((ctx), struct xdp_md * \
		 : pktmeta_open_bound_xdp, struct __sk_buff * \
		 : pktmeta_open_bound_tc)(cursor, ctx)

#ifdef PKTMETA_BOUND_LIVE
/* Whether the field still lies where it was bound to, and does so in this packet. */
#define __PKTMETA_CHECK_LIVE(c, name) \
	({ \
		__u64 __bound = __PKTMETA_BIND(LAYOUT, name); \
		__u64 __now = __pktmeta_layout_word(__pktmeta_registry(), PKTMETA_ID(name)); \
		__now != __bound ? -ENOENT : __pktmeta_check_age(&(c)->cursor, __bound); \
	})
#else
/* No other condition is joined to this one, and what compilers from clang 14 on know spares each call a comparison. */
#if __clang_major__ < 14
#define __PKTMETA_CHECK_LIVE(c, name) (__pktmeta_is_open(&(c)->cursor) ? 0 : -EFAULT)
#else
#define __PKTMETA_CHECK_LIVE(c, name) ((c)->cursor.is_open ? 0 : -EFAULT)
#endif
#endif

/* The checks that all calls make, in the order of the contract. A field that is just moving has no bit. */
#define __PKTMETA_CHECK(c, name, size) \
	({ \
		int __checked; \
		if (!__PKTMETA_EXISTS(name)) { \
			__PKTMETA_ASSIGN(__checked, -ENOENT); \
		} else if (__PKTMETA_BIND(SIZE, name) != (size)) { \
			__PKTMETA_ASSIGN(__checked, -EINVAL); \
		} else if (!__PKTMETA_BIND(BIT, name)) { \
			__PKTMETA_ASSIGN(__checked, -EFAULT); \
		} else { \
			__checked = __PKTMETA_CHECK_LIVE(c, name); \
		} \
		__checked; \
	})

#define __PKTMETA_MOVE_WORD(move, k, size) \
	do { \
		if ((size) % 8 == 0 && 8 * (k) < (size)) \
			move(u64, k); \
	} while (0)
/* Moves a value by member accesses with constant offsets: what needs no CAP_PERFMON. */
#define __PKTMETA_MOVE(move, size) \
	do { \
		__PKTMETA_MOVE_WORD(move, 0, size); \
		__PKTMETA_MOVE_WORD(move, 1, size); \
		__PKTMETA_MOVE_WORD(move, 2, size); \
		__PKTMETA_MOVE_WORD(move, 3, size); \
		__PKTMETA_MOVE_WORD(move, 4, size); \
		__PKTMETA_MOVE_WORD(move, 5, size); \
		__PKTMETA_MOVE_WORD(move, 6, size); \
		__PKTMETA_MOVE_WORD(move, 7, size); \
		if ((size) == 4) \
			move(u32, 0); \
		if ((size) == 2 || (size) == 6) \
			move(u16, 0); \
		if ((size) == 6) { \
			move(u16, 1); \
			move(u16, 2); \
		} \
		if ((size) == 1) \
			move(u8, 0); \
	} while (0)
#define __PKTMETA_BOUND_STORE(member, k) __field->member[k] = __value.member[k]
#define __PKTMETA_BOUND_LOAD(member, k) __value.member[k] = __field->member[k]

#define __PKTMETA_VALUE(name) \
	union { \
		pktmeta_type_##name typed; \
		__u64 u64[(sizeof(pktmeta_type_##name) + 7) / 8]; \
		__u32 u32[(sizeof(pktmeta_type_##name) + 3) / 4]; \
		__u16 u16[(sizeof(pktmeta_type_##name) + 1) / 2]; \
		__u8 u8[sizeof(pktmeta_type_##name)]; \
	}

#ifdef PKTMETA_COUNT
/*
 * A field's counters, by name: the loader has each member at the counter's place in struct pktmeta_state, but for
 * layout, which is the slot's word in struct pktmeta_registry. Where there is no such field, the call's ways to them
 * are removed as the program is loaded.
 */
#define __PKTMETA_DECLARE_COUNTS(name) \
	; \
	struct pktmeta_counts_##name { \
		__u64 set, got, not_set, set_EINVAL, set_EFAULT, set_EBUSY, get_EINVAL, get_EFAULT, layout; \
	} __attribute__((preserve_access_index))

#define __PKTMETA_COUNTED(c, name, counter) \
	({ \
		struct pktmeta_counts_##name *__counts = (void *)(c)->cursor.counts.state; \
		__counts->counter++; \
	})

/* Whether the field is there still: of a program that nobody loads anew the slot may be another field's by now. */
#define __PKTMETA_IS_LIVE(name) \
	({ \
		const struct pktmeta_counts_##name *__registry = (const void *)__pktmeta_registry(); \
		__registry && __registry->layout >> 32 == PKTMETA_ID(name); \
	})

#define __PKTMETA_COUNT_REFUSAL(c, name, err, call) \
	do { \
		if (!__pktmeta_has_counts(&(c)->cursor.counts)) \
			break; \
		if (!__PKTMETA_EXISTS(name) || (err) == -ENOENT || !__PKTMETA_IS_LIVE(name)) \
			(c)->cursor.counts.state->stale++; \
		else if ((err) == -EINVAL) \
			__PKTMETA_COUNTED(c, name, call##_EINVAL); \
		else if ((err) == -EBUSY) \
			__PKTMETA_COUNTED(c, name, set_EBUSY); \
		else \
			__PKTMETA_COUNTED(c, name, call##_EFAULT); \
	} while (0)

/* An open cursor has counters: open has looked them up. */
#define __PKTMETA_COUNT_SET(c, name, err) \
	do { \
		if (err) \
			__PKTMETA_COUNT_REFUSAL(c, name, err, set); \
		else \
			__PKTMETA_COUNTED(c, name, set); \
	} while (0)
#define __PKTMETA_COUNT_GET(c, name, err, carried) \
	do { \
		if (carried) \
			__PKTMETA_COUNTED(c, name, got); \
		else if (!(err)) \
			__PKTMETA_COUNTED(c, name, not_set); \
		else \
			__PKTMETA_COUNT_REFUSAL(c, name, err, get); \
	} while (0)
#else
#define __PKTMETA_DECLARE_COUNTS(name)
#define __PKTMETA_COUNT_SET(c, name, err) ((void)0)
#define __PKTMETA_COUNT_GET(c, name, err, carried) ((void)0)
#endif

/* Writes through a dynptr and leaves the cursor with a range that the verifier knows. */
static __always_inline int __pktmeta_write_bound(struct pktmeta_bound_cursor *c, __u32 offset, const void *value,
						 __u32 size, struct __pktmeta_marks marks)
{
	int err = __pktmeta_write_by_dynptr(&c->cursor, offset, value, size, marks);
	struct pktmeta_cursor *cursor = &c->cursor;
	void *end;

	__pktmeta_reload(cursor);
	cursor->is_open = __pktmeta_has_area(cursor->area, cursor->end, &end) && err != -EFAULT;
	return err;
}

/* Writes fields_set, and nothing else. */
static __always_inline int __pktmeta_write_bound_marks(struct pktmeta_bound_cursor *c, struct __pktmeta_marks marks)
{
	if (__pktmeta_writes_by_dynptr(&c->cursor))
		return __pktmeta_write_bound(c, 0, NULL, 0, marks);
	__pktmeta_store_marks(&c->cursor, marks);
	return 0;
}

#define __PKTMETA_OFFSET(name) \
	((__u32)__builtin_preserve_field_info(((struct pktmeta_field_##name *)0)->u64, BPF_FIELD_BYTE_OFFSET))

/* Stores a value of the declared type and marks the field as set. At TC also -EBUSY, if a tap shares the packet. */
#define PKTMETA_SET(c, name, value) \
	({ \
		int __err = __PKTMETA_CHECK(c, name, sizeof(pktmeta_type_##name)); \
		if (!__err) { \
			struct __pktmeta_marks __marks = __pktmeta_mark(__PKTMETA_BIND(BIT, name)); \
			__PKTMETA_VALUE(name) __value = {}; \
			__value.typed = (value); \
			if (__pktmeta_writes_by_dynptr(&(c)->cursor)) { \
				__err = __pktmeta_write_bound(c, __PKTMETA_OFFSET(name), &__value, \
							      sizeof(pktmeta_type_##name), __marks); \
			} else { \
				struct pktmeta_field_##name *__field = (c)->cursor.area; \
				__PKTMETA_MOVE(__PKTMETA_BOUND_STORE, sizeof(pktmeta_type_##name)); \
				__pktmeta_store_marks(&(c)->cursor, __marks); \
			} \
		} \
		__PKTMETA_COUNT_SET(c, name, __err); \
		__err; \
	})

#define __PKTMETA_LOAD_MEMBERS(c, name) \
	do { \
		struct pktmeta_field_##name *__field = (c)->cursor.area; \
		__PKTMETA_MOVE(__PKTMETA_BOUND_LOAD, sizeof(pktmeta_type_##name)); \
	} while (0)
/* The same for any kind of cursor: skb.bpf.h has another kind. */
#define __PKTMETA_LOAD_BOUND(c, name, value) __PKTMETA_LOAD_MEMBERS(c, name)

/* Loads a value of the declared type into *place. */
#define PKTMETA_GET(c, name, place) \
	({ \
		int __err = __PKTMETA_CHECK(c, name, sizeof(pktmeta_type_##name)); \
		int __carried = !__err && __PKTMETA_FIELDS_SET(c) & __PKTMETA_BIND(BIT, name); \
		if (__carried) { \
			__PKTMETA_VALUE(name) __value = {}; \
			__PKTMETA_LOAD_BOUND(c, name, __value); \
			*(place) = __value.typed; \
		} \
		__PKTMETA_COUNT_GET(c, name, __err, __carried); \
		__err ? __err : __carried ? 0 : -ENOENT; \
	})

/* Marks a flag as set. */
#define PKTMETA_SET_FLAG(c, name) \
	({ \
		int __err = __PKTMETA_CHECK(c, name, 0); \
		if (!__err) \
			__err = __pktmeta_write_bound_marks(c, __pktmeta_mark(__PKTMETA_BIND(BIT, name))); \
		__PKTMETA_COUNT_SET(c, name, __err); \
		__err; \
	})

/* 1 if this packet carries the field, 0 if not, or -ENOENT or -EFAULT as above. */
#define PKTMETA_IS_SET(c, name) \
	({ \
		int __err = __PKTMETA_CHECK(c, name, __PKTMETA_BIND(SIZE, name)); \
		__err ? __err : !!(__PKTMETA_FIELDS_SET(c) & __PKTMETA_BIND(BIT, name)); \
	})

/* Makes the packet no longer carry the field. 0 also if it did not. A write, as set is. */
#define PKTMETA_CLEAR(c, name) \
	({ \
		int __err = __PKTMETA_CHECK(c, name, __PKTMETA_BIND(SIZE, name)); \
		if (!__err) \
			__err = __pktmeta_write_bound_marks(c, __pktmeta_unmark(__PKTMETA_BIND(BIT, name))); \
		__err; \
	})

#endif /* PKTMETA_BOUND_BPF_H */
