/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Opening a packet's metadata area. */
#ifndef PKTMETA_CURSOR_BPF_H
#define PKTMETA_CURSOR_BPF_H

/*
 * Where a packet's area lies, as open found it. Which fields the packet carries is not kept here: each call reads and
 * writes them in the area's header, so that several cursors of one packet agree.
 *
 * Whether there is an area is a number of its own; asking the pointer takes CAP_PERFMON. All members have 64 bits: the
 * verifier forgets what it knows of halves of a word once a pointer to the cursor is handed to a function. The context
 * has no type, since clang 13 and 14 would describe it by a forward declaration, which is not the kernel's type.
 */
struct pktmeta_cursor {
	void *area;    /* in front of the packet */
	void *end;     /* of the area: the packet's first byte */
	__u64 stamp;   /* of the area */
	__u64 is_open; /* 0: there is no area that is ours */
	__u64 is_tc;
	void *skb;                               /* in TC: the struct __sk_buff */
	const struct pktmeta_registry *registry; /* looked up once; NULL in a bound cursor */
	struct pktmeta_counts counts;
};

/* The function for this kind of cursor: skb.bpf.h has another kind. */
#define __PKTMETA_OF(cursor, function) function

/*
 * A packet pointer out of a context: data, data_meta or data_end. The context's members have 32 bits, which the
 * verifier makes a pointer as they are loaded. Converted in C, the compiler may widen the number elsewhere than where
 * it loads it: with instructions of 64 bits only (-mcpu=v1, v2) by shifts, which the verifier does not allow on a
 * pointer.
 */
#define __PKTMETA_POINTER(ctx, member) \
	({ \
		void *__pointer; \
		asm volatile("%0 = *(u32 *)(%1 + %2)" \
			     : "=r"(__pointer) \
			     : "r"(ctx), "i"(__builtin_offsetof(__typeof__(*(ctx)), member))); \
		__pointer; \
	})

/* What the loader fills in, from the registry's owner; 0 if it has not. */
enum pktmeta_seal {
	PKTMETA_SEAL_REGISTRY = 1, /* pktmeta_word_registry() of the registry's word */
	PKTMETA_SEAL_BASE = 2,     /* the stamp of generation 0 */
	PKTMETA_SEAL_SALT = 3,     /* drawn anew each time that a program is loaded */
	PKTMETA_SEAL_CAPACITY = 4, /* bytes of an area */
	PKTMETA_SEAL_HEADER = 5,   /* the seal's half in an area's header */
};

#define __PKTMETA_SEAL(what) ((__u64)bpf_core_enum_value(enum pktmeta_seal, PKTMETA_SEAL_##what))

/*
 * Whether this is the word of the registry that the program was loaded for.
 *
 * The kernel shows everybody a digest of each program's instructions, its tag, by which the seal in them could be
 * guessed without a packet. So there is an instruction with a random number as well, where the verifier knows that
 * nobody gets: the digest is taken before the verifier removes that.
 */
static __always_inline int __pktmeta_is_bound(__u64 registry_word)
{
	__u64 wanted;

	if (!bpf_core_enum_value_exists(enum pktmeta_seal, PKTMETA_SEAL_REGISTRY))
		return 0;
	wanted = __PKTMETA_SEAL(REGISTRY);
	__PKTMETA_KEEP(wanted);
	if (!wanted) { /* it has the magic */
		__u64 salt = __PKTMETA_SEAL(SALT);

		__PKTMETA_KEEP(salt);
		return 0;
	}
	return pktmeta_word_registry(registry_word) == wanted;
}

/* The stamp of an area that is made now, by the word of that registry. */
static __always_inline __u64 __pktmeta_now(__u64 registry_word)
{
	return __PKTMETA_SEAL(BASE) + pktmeta_word_generation(registry_word);
}

static __always_inline void __pktmeta_empty(struct pktmeta_cursor *c, const struct pktmeta_registry *registry)
{
	c->registry = registry;
	c->area = NULL;
	c->end = NULL;
	c->stamp = 0;
	c->is_open = 0;
	c->is_tc = 0;
	c->skb = NULL;
}

static __always_inline void __pktmeta_fill(struct pktmeta_cursor *c, void *meta, void *data, __u64 stamp)
{
	c->area = meta;
	c->end = data;
	c->stamp = stamp;
	c->is_open = 1;
}

/*
 * Whether the cursor is open, asked so that the verifier knows: a compiler that knows where the number comes from joins
 * it with other conditions, and spills the half of a word that remains.
 */
static __always_inline int __pktmeta_is_open(const struct pktmeta_cursor *c)
{
	__u64 is_open = c->is_open;

	__PKTMETA_KEEP(is_open);
	return is_open != 0;
}

/* Which fields the packet carries now, one bit a slot; of a cursor that is open. */
static __always_inline __u32 __pktmeta_fields_set(const struct pktmeta_cursor *c)
{
	const volatile struct pktmeta_header *header = c->area;

	return header->fields_set;
}

/* The stamp of the area that ends there. */
static __always_inline __u64 __pktmeta_load_stamp(void *end)
{
	return pktmeta_trailer_stamp(*(volatile __u64 *)(end - PKTMETA_TRAILER_SIZE));
}

/* Makes zeroes from area to end an area. */
static __always_inline void __pktmeta_store_seal(void *area, void *end, __u64 seal, __u64 stamp)
{
	((volatile struct pktmeta_header *)area)->seal = seal;
	*(volatile __u64 *)(end - PKTMETA_TRAILER_SIZE) = pktmeta_trailer(stamp);
}

/* Takes the area that lies from meta to data, if the program's registry has made it, now being the newest stamp. */
static __always_inline int __pktmeta_find(struct pktmeta_cursor *c, __u64 now, void *meta, void *data)
{
	const volatile struct pktmeta_header *header = meta;
	void *end = meta + __PKTMETA_SEAL(CAPACITY);
	__u64 stamp;

	if (end > data || end + 4 <= data) /* metadata comes in multiples of 4 bytes */
		return -EFAULT;
	stamp = __pktmeta_load_stamp(end);
	if (now - stamp >= PKTMETA_GENERATIONS || header->seal != __PKTMETA_SEAL(HEADER))
		return -EFAULT;
	__pktmeta_fill(c, meta, data, stamp);
	return 0;
}

/* Returns from __pktmeta_zero() if the area ends at byte from, else zeroes it up to byte to (constants). */
#define __PKTMETA_ZERO(from, to) \
	do { \
		if (capacity <= (from)) \
			return; \
		__builtin_memset((__u64 *)(area + (from)), 0, (to) - (from)); \
	} while (0);

/* A fresh area holds bytes of earlier packets, which would leak and keep GRO from merging. */
static __always_inline void __pktmeta_zero(void *area)
{
	__u64 capacity = __PKTMETA_SEAL(CAPACITY);

	__builtin_memset((__u64 *)area, 0, PKTMETA_CAPACITY_MIN);
	__PKTMETA_ZERO(PKTMETA_CAPACITY_MIN, 64)
	/* Beyond 128, the capacity is whatever the driver granted, in words. */
	PKTMETA_LARGE_CAPACITIES(__PKTMETA_ZERO)
}

static __always_inline int __pktmeta_make(struct pktmeta_cursor *c, __u64 now, struct xdp_md *ctx)
{
	__u64 capacity = __PKTMETA_SEAL(CAPACITY);
	void *meta, *end, *data;
	int err;

	err = bpf_xdp_adjust_meta(ctx, -(int)capacity);
	if (err == -EINVAL)
		return -ENOSPC; /* the driver has no room for it */
	if (err)
		return -EOPNOTSUPP; /* the kernel says 524, ENOTSUPP, which no errno.h has */
	meta = __PKTMETA_POINTER(ctx, data_meta);
	data = __PKTMETA_POINTER(ctx, data);
	end = meta + capacity;
	if (end > data)
		return -EFAULT;
	__pktmeta_zero(meta);
	__pktmeta_store_seal(meta, end, __PKTMETA_SEAL(HEADER), now);
	__pktmeta_fill(c, meta, data, now);
	return 0;
}

/*
 * Opens the packet's area in an XDP program; makes one, all zeroes, if the packet has no metadata yet.
 *
 * Packet pointers taken from ctx before are invalid afterwards.
 *
 * 0; -EBUSY: someone else's metadata lies there, and stays; -ENOSPC: the driver has no room for the area;
 * -EOPNOTSUPP: the driver has no metadata; -ENOENT: no registry is bound to this program. If not 0, the cursor
 * is empty: set and get return -EFAULT.
 */
static __always_inline int pktmeta_open_xdp(struct pktmeta_cursor *c, struct xdp_md *ctx)
{
	const struct pktmeta_registry *registry = __pktmeta_registry();
	__u64 word = __pktmeta_registry_word(registry);
	void *meta, *data;
	int made = 0;
	int err = -ENOENT;

	__pktmeta_empty(c, registry);
	if (__pktmeta_find_counts(&c->counts))
		return err;
	if (__pktmeta_is_bound(word)) {
		meta = __PKTMETA_POINTER(ctx, data_meta);
		data = __PKTMETA_POINTER(ctx, data);
		made = meta + 4 > data; /* metadata comes in multiples of 4 bytes */
		if (made)
			err = __pktmeta_make(c, __pktmeta_now(word), ctx);
		else
			err = __pktmeta_find(c, __pktmeta_now(word), meta, data) ? -EBUSY : 0;
	}
	__pktmeta_count_open(&c->counts, err, made);
	return err;
}

/*
 * Finds the packet's area in a TC program, which can neither make nor grow one.
 *
 * 0; -EFAULT: there is none, or it is someone else's or damaged; -ENOENT: no registry is bound to this program.
 * If not 0, the cursor is empty: set and get return -EFAULT.
 */
static __always_inline int pktmeta_open_tc(struct pktmeta_cursor *c, struct __sk_buff *skb)
{
	const struct pktmeta_registry *registry = __pktmeta_registry();
	__u64 word = __pktmeta_registry_word(registry);
	int err = -ENOENT;

	__pktmeta_empty(c, registry);
	c->is_tc = 1;
	c->skb = skb;
	if (__pktmeta_find_counts(&c->counts))
		return err;
	if (__pktmeta_is_bound(word))
		err = __pktmeta_find(c, __pktmeta_now(word), __PKTMETA_POINTER(skb, data_meta),
				     __PKTMETA_POINTER(skb, data));
	__pktmeta_count_open(&c->counts, err, 0);
	return err;
}

/* Opens in XDP or TC, by the type of the context. */
#define pktmeta_open(cursor, ctx) \
	_Generic((ctx), struct xdp_md * : pktmeta_open_xdp, struct __sk_buff * : pktmeta_open_tc)(cursor, ctx)

#endif /* PKTMETA_CURSOR_BPF_H */
