/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Dynamic access: by id, the place looked up in the registry as the packet passes. */
#ifndef PKTMETA_ACCESS_BPF_H
#define PKTMETA_ACCESS_BPF_H

/*
 * The id of a registered field, by its name: a constant that the loader fills in as the program is loaded
 * (CO-RE, against the BTF of the registry).
 */
#define PKTMETA_ID(name) \
	({ \
		enum pktmeta_id_##name{PKTMETA_ID_##name = 1}; \
		(__u32) bpf_core_enum_value(enum pktmeta_id_##name, PKTMETA_ID_##name); \
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

static __always_inline __u64 __pktmeta_layout(const struct pktmeta_cursor *c, __u32 id)
{
	/* A bound cursor has not looked the registry up: most programs that open one never ask it. */
	return __pktmeta_word(c->registry ? c->registry : __pktmeta_registry(), pktmeta_id_slot(id));
}

static __always_inline int __pktmeta_check_id(__u32 id, __u64 layout)
{
	return id >> 24 == PKTMETA_LIVE && layout >> 40 == id >> 8 ? 0 : -ENOENT;
}

/* Both at once: a right call makes one comparison. */
static __always_inline int __pktmeta_check_id_and_size(__u32 id, __u64 layout, __u32 size)
{
	if (id >> 24 == PKTMETA_LIVE && size <= PKTMETA_VALUE_MAX && layout >> 32 == ((id & ~0xffU) | size))
		return 0;
	return __pktmeta_check_id(id, layout) ? -ENOENT : -EINVAL;
}

/*
 * The registry's word says since which generation the field lies there, the packet's header in which generation
 * its area was made.
 */
static __always_inline int __pktmeta_check_age(const struct pktmeta_cursor *c, __u64 layout)
{
	if (!c->is_open)
		return -EFAULT;
	if (pktmeta_generation_is_older(pktmeta_word_generation(c->word), pktmeta_layout_generation(layout)))
		return -EFAULT;
	return 0;
}

/* Where a field lies in this packet, if it lies inside the area behind the header. */
static __always_inline int __pktmeta_place(const struct pktmeta_cursor *c, __u64 layout, __u32 size, void **place)
{
	__u32 offset = pktmeta_layout_offset(layout);
	int err = __pktmeta_check_age(c, layout);
	void *p;

	if (err)
		return err;
	if (offset < PKTMETA_HEADER_SIZE) /* someone damaged the entry */
		return -EFAULT;
	p = c->area + offset;
	if (p + size > c->end)
		return -EFAULT;
	*place = p;
	return 0;
}

/* Where a field of this size lies in this packet. */
static __always_inline int __pktmeta_locate(const struct pktmeta_cursor *c, __u32 id, __u64 layout, __u32 size,
					    void **place)
{
	int err = __pktmeta_check_id_and_size(id, layout, size);

	return err ? err : __pktmeta_place(c, layout, size, place);
}

/* The same for calls that have no size of their own. */
static __always_inline int __pktmeta_locate_any(const struct pktmeta_cursor *c, __u32 id)
{
	__u64 layout = __pktmeta_layout(c, id);
	int err = __pktmeta_check_id(id, layout);
	void *place;

	return err ? err : __pktmeta_place(c, layout, pktmeta_layout_size(layout), &place);
}

static __always_inline __u64 __pktmeta_bit(__u32 id)
{
	return 1ULL << (pktmeta_id_slot(id) % PKTMETA_SLOTS);
}

/* Puts value and header word there. */
static __always_inline int __pktmeta_write(struct pktmeta_cursor *c, void *place, __u32 offset, const void *value,
					   __u32 size, __u64 word)
{
	int err;

	if (__pktmeta_writes_by_dynptr(c)) {
		err = __pktmeta_write_by_dynptr(c, offset, value, size, word);
		__pktmeta_refresh(c);
		return err;
	}
	__PKTMETA_COPY(__PKTMETA_STORE, place, value, size);
	__pktmeta_store_header(c, word);
	return 0;
}

/* Stores a value of that many bytes and marks the field as set. At TC also -EBUSY, if a tap shares the packet. */
static __always_inline int pktmeta_set(struct pktmeta_cursor *c, __u32 id, const void *value, __u32 size)
{
	__u64 layout = __pktmeta_layout(c, id);
	void *place;
	int err = __pktmeta_locate(c, id, layout, size, &place);

	if (!err)
		err = __pktmeta_write(c, place, pktmeta_layout_offset(layout), value, size,
				      c->word | __pktmeta_bit(id));
	__pktmeta_count_set(id, err);
	return err;
}

/* Loads a value of that many bytes; -ENOENT too if this packet does not carry the field. */
static __always_inline int pktmeta_get(const struct pktmeta_cursor *c, __u32 id, void *value, __u32 size)
{
	__u64 layout = __pktmeta_layout(c, id);
	void *place;
	int err = __pktmeta_locate(c, id, layout, size, &place);
	int carried = !err && c->word & __pktmeta_bit(id);

	if (carried)
		__PKTMETA_COPY(__PKTMETA_LOAD, place, value, size);
	__pktmeta_count_get(id, err, carried);
	return err ? err : carried ? 0 : -ENOENT;
}

/* 1 if this packet carries the field, 0 if not, or -ENOENT or -EFAULT as above. */
static __always_inline int pktmeta_is_set(const struct pktmeta_cursor *c, __u32 id)
{
	int err = __pktmeta_locate_any(c, id);

	return err ? err : !!(c->word & __pktmeta_bit(id));
}

/* Makes the packet no longer carry the field. 0 also if it did not. A write, as set is. */
static __always_inline int pktmeta_clear(struct pktmeta_cursor *c, __u32 id)
{
	int err = __pktmeta_locate_any(c, id);

	return err ? err : __pktmeta_write(c, NULL, 0, NULL, 0, c->word & ~__pktmeta_bit(id));
}

#endif /* PKTMETA_ACCESS_BPF_H */
