/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Key and value without registration: the packet itself says which keys it carries, and how large their values are.
 * For applications that agree on numbers, as services agree on ports, and want nothing else in common.
 *
 *	struct keyvalue_cursor c;
 *	__u32 tenant = 42;
 *
 *	err = keyvalue_open(&c, ctx);
 *	err = keyvalue_set(&c, 7, &tenant, sizeof(tenant));
 *	err = keyvalue_get(&c, 7, &tenant, sizeof(tenant));
 *
 * Include <linux/bpf.h> or vmlinux.h, and <bpf/bpf_helpers.h>, before this file.
 *
 * Keys are numbers from 0 to 63. Those from KEYVALUE_USER_KEYS on are for what the NIC knows; give the others to
 * applications by their configuration. Small keys are the fastest, and key 0 most of all.
 *
 * The area starts with two words, one bit a key in each. Together they say 0: not set; 1, 2, 3: a value of 2, 4, 8
 * bytes. The values follow without gaps, in order of keys, so a value's offset is the size of those before it, which
 * takes counting bits.
 *
 *	 0        8        16
 *	|  low   |  high  | values ...        |  0 ...
 *
 * A set of a key that is not there yet moves the values of greater keys up: setting keys in ascending order is cheap,
 * in descending order each set costs more than the one before.
 *
 * All calls return 0 or, checked in this order:
 *	-ENOENT     there is no such key: 64 or more
 *	-EINVAL     the size is not 1, 2, 4 or 8
 *	-EFAULT     no area (open failed), or one whose values do not lie in it
 *	-EINVAL     the packet carries the key with a value of another size
 *	-ENOENT     (get) the packet does not carry the key
 *	-ENOSPC     (set) the area is full; nothing has changed
 *	-EBUSY      (open in XDP) there is metadata, too short to be this
 *	-ENOSPC, -EOPNOTSUPP  (open in XDP) the driver has no room for the area; it has no metadata
 *
 * Rules:
 *	- Open in XDP takes the metadata that lies there, whoever made it, or makes KEYVALUE_AREA_SIZE zeroed bytes.
 *	  Nothing in the area says whose it is, and nothing keeps two applications from using one key.
 *	- Open at TC finds the area, and -EFAULT without one. A TC program that contains a set stores into the packet:
 *	  if a tap shares the packet's buffer, this and all later programs find no metadata. One that only gets is safe.
 *	- Values of 1 byte are stored as 2, the second of them 0; a get of 2 bytes gets both.
 *	- Keys and sizes should be constants: other keys cost more, other sizes do not compile into one load.
 *	- A cursor holds packet pointers and the two words. Calls that move the packet's start end it, and so does a set
 *	  by another cursor: open again.
 *	- Loading takes CAP_PERFMON besides CAP_BPF and CAP_NET_ADMIN. Values are aligned to 2 bytes only, so the
 *	  architecture must have efficient unaligned access, as x86-64 and arm64 have.
 */
#ifndef ENCODING_KEYVALUE_BPF_H
#define ENCODING_KEYVALUE_BPF_H

#include "area.bpf.h"

#define KEYVALUE_KEYS 64
#define KEYVALUE_HEADER_SIZE 16
#define KEYVALUE_VALUES_MAX 240 /* bytes in the largest area, 255, whole words */

#ifndef KEYVALUE_AREA_SIZE
#define KEYVALUE_AREA_SIZE 64 /* bytes that open in XDP makes: a multiple of 4 */
#endif

/* Reserved for what the NIC knows of a packet. */
#define KEYVALUE_USER_KEYS 56
#define KEYVALUE_RX_TIMESTAMP 61 /* 8 bytes */
#define KEYVALUE_RX_HASH 62      /* 4 bytes */
#define KEYVALUE_RX_VLAN 63      /* 2 bytes */

struct keyvalue_cursor {
	void *area;
	void *end;
	__u64 low;
	__u64 high;
	int is_open;
};

static __always_inline int keyvalue_find(struct keyvalue_cursor *c, void *meta, void *end)
{
	c->area = meta;
	c->end = end;
	c->low = 0;
	c->high = 0;
	c->is_open = 0;
	if (meta + KEYVALUE_HEADER_SIZE > end)
		return -EFAULT;
	c->low = *(volatile area_u64 *)meta;
	c->high = *(volatile area_u64 *)(meta + 8);
	c->is_open = 1;
	return 0;
}

/* Takes the area that lies there, or makes one of that many bytes. */
static __always_inline int keyvalue_open_sized(struct keyvalue_cursor *c, struct xdp_md *ctx, __u32 size)
{
	int err;

	if (!keyvalue_find(c, AREA_META(ctx), AREA_END(ctx)))
		return 0;
	if (AREA_META(ctx) + 4 <= AREA_END(ctx))
		return -EBUSY;
	err = area_make(ctx, size);
	return err ? err : keyvalue_find(c, AREA_META(ctx), AREA_END(ctx));
}

static __always_inline int keyvalue_open_xdp(struct keyvalue_cursor *c, struct xdp_md *ctx)
{
	return keyvalue_open_sized(c, ctx, KEYVALUE_AREA_SIZE);
}

static __always_inline int keyvalue_open_tc(struct keyvalue_cursor *c, struct __sk_buff *skb)
{
	return keyvalue_find(c, AREA_META(skb), AREA_END(skb));
}

/* Opens in XDP or TC, by the type of the context. */
#define keyvalue_open(cursor, ctx) \
	_Generic((ctx), struct xdp_md * : keyvalue_open_xdp, struct __sk_buff * : keyvalue_open_tc)(cursor, ctx)

/*
 * The bytes of some keys' values. A value has 2 bytes if only its low bit is set, 4 if only the high one, and 8 if
 * both are, which is 2 * low + 4 * high + 2 * both: BPF has no instruction that counts bits, so three sums of bits
 * are built side by side, in fields of 2, 4 and then 8 bits, and a multiplication weighs and adds up the bytes. The
 * fewer the keys, the more of it fits into one register. An area that says more than 255 bytes is damaged; the
 * result is then any below 512.
 */
#define KEYVALUE_TWO_BITS 0x5555555555555555ULL /* the lower half of each field of 2 bits */
#define KEYVALUE_FOUR_BITS 0x3333333333333333ULL
#define KEYVALUE_EIGHT_BITS 0x0f0f0f0f0f0f0f0fULL

/* Counts bits in fields of 4. */
static __always_inline __u64 keyvalue_count(__u64 bits)
{
	bits -= bits >> 1 & KEYVALUE_TWO_BITS;
	return (bits & KEYVALUE_FOUR_BITS) + (bits >> 2 & KEYVALUE_FOUR_BITS);
}

/* Half the bytes of two keys' values, in 4 bits for each way to set the bits: high of both keys, low of both. */
#define KEYVALUE_UNITS(low, high) ((low) + 2 * (high) + ((low) & (high)))
#define KEYVALUE_PAIR(i) \
	((__u64)(KEYVALUE_UNITS((i)&1, (i) >> 2 & 1) + KEYVALUE_UNITS((i) >> 1 & 1, (i) >> 3 & 1)) << 4 * (i))
#define KEYVALUE_PAIRS \
	(KEYVALUE_PAIR(0) | KEYVALUE_PAIR(1) | KEYVALUE_PAIR(2) | KEYVALUE_PAIR(3) | KEYVALUE_PAIR(4) | \
	 KEYVALUE_PAIR(5) | KEYVALUE_PAIR(6) | KEYVALUE_PAIR(7) | KEYVALUE_PAIR(8) | KEYVALUE_PAIR(9) | \
	 KEYVALUE_PAIR(10) | KEYVALUE_PAIR(11) | KEYVALUE_PAIR(12) | KEYVALUE_PAIR(13) | KEYVALUE_PAIR(14) | \
	 KEYVALUE_PAIR(15))

/* Of keys 0 and 1: a table in a register. */
static __always_inline __u32 keyvalue_bytes_2(__u64 low, __u64 high)
{
	return (KEYVALUE_PAIRS >> 4 * (low | high << 2) & 15) * 2;
}

/* Of keys 0 to 15: all three sums in one word. */
static __always_inline __u32 keyvalue_bytes_16(__u64 low, __u64 high)
{
	__u64 sums = keyvalue_count(low | high << 16 | (low & high) << 32);

	sums = (sums + (sums >> 4)) & KEYVALUE_EIGHT_BITS;
	return sums * 0x0202040402020000ULL >> 56;
}

/* Of keys 0 to 31. */
static __always_inline __u32 keyvalue_bytes_32(__u64 low, __u64 high)
{
	__u64 sums = keyvalue_count(low | high << 32) + keyvalue_count(low & high);

	sums = (sums & KEYVALUE_EIGHT_BITS) + (sums >> 4 & KEYVALUE_EIGHT_BITS);
	return (sums * 0x0101010102020202ULL >> 56) * 2;
}

static __always_inline __u32 keyvalue_bytes_64(__u64 low, __u64 high)
{
	__u64 once = keyvalue_count(low) + keyvalue_count(low & high);
	__u64 twice = keyvalue_count(high);

	once = (once & KEYVALUE_EIGHT_BITS) + (once >> 4 & KEYVALUE_EIGHT_BITS);
	twice = (twice + (twice >> 4)) & KEYVALUE_EIGHT_BITS;
	return ((once + 2 * twice) * 0x0101010101010101ULL >> 56) * 2;
}

/* Bytes from the first value to that of a key, which is below KEYVALUE_KEYS. */
static __always_inline __u32 keyvalue_offset(__u64 low, __u64 high, __u32 key)
{
	__u64 before = (1ULL << key) - 1;

	low &= before;
	high &= before;
	if (!__builtin_constant_p(key))
		return keyvalue_bytes_64(low, high);
	if (key == 0)
		return 0;
	if (key <= 2)
		return keyvalue_bytes_2(low, high);
	if (key <= 16)
		return keyvalue_bytes_16(low, high);
	if (key <= 32)
		return keyvalue_bytes_32(low, high);
	return keyvalue_bytes_64(low, high);
}

static __always_inline int keyvalue_check(const struct keyvalue_cursor *c, __u32 key, __u32 size)
{
	if (key >= KEYVALUE_KEYS)
		return -ENOENT;
	if (!area_is_size(size))
		return -EINVAL;
	return c->is_open ? 0 : -EFAULT;
}

/* The keys with a value of that size. */
static __always_inline __u64 keyvalue_with_size(const struct keyvalue_cursor *c, __u32 size)
{
	if (size == 8)
		return c->low & c->high;
	return size == 4 ? c->high & ~c->low : c->low & ~c->high;
}

/* A byte is stored as two, and so cannot be told from them. */
static __always_inline __u32 keyvalue_room(__u32 size)
{
	return size < 2 ? 2 : size;
}

static __always_inline void keyvalue_store(void *place, const void *value, __u32 size)
{
	__u16 wide;

	if (size == 1) {
		wide = *(const __u8 *)value;
		area_store(place, &wide, sizeof(wide));
		return;
	}
	area_store(place, value, size);
}

/*
 * Moves the values from offset `from` up by the room of one more, from the last one down: 8 bytes at a time, the last
 * time with bytes before `from`, which may only go where the new value will be. If there would be too many, 4 bytes
 * are moved first. Offsets stay above 8 in the area, so the header does not go under.
 */
static __always_inline int keyvalue_move(struct keyvalue_cursor *c, __u32 from, __u32 room)
{
	__u32 at = keyvalue_bytes_64(c->low, c->high);
	void *p = c->area + KEYVALUE_HEADER_SIZE + at;

	if (p + room > c->end)
		return -ENOSPC;
	if (room < 8 && ((from - at) & 7) > room) {
		at -= 4;
		p = c->area + ((KEYVALUE_HEADER_SIZE + at) & 0x3ff);
		if (p + 4 + room > c->end)
			return -EFAULT;
		*(volatile area_u32 *)(p + room) = *(volatile area_u32 *)p;
	}
#pragma clang loop unroll(disable)
	for (__u64 i = 0; i < KEYVALUE_VALUES_MAX / 8 && (int)at > (int)from; i++) {
		at -= 8;
		p = c->area + ((KEYVALUE_HEADER_SIZE + at) & 0x3ff);
		if (p + 8 + room > c->end)
			return -EFAULT;
		*(volatile area_u64 *)(p + room) = *(volatile area_u64 *)p;
	}
	return 0;
}

/* Makes room for a key that the packet does not carry, and marks it as set. */
static __always_inline int keyvalue_insert(struct keyvalue_cursor *c, __u32 key, const void *value, __u32 size)
{
	__u32 room = keyvalue_room(size);
	__u32 offset = keyvalue_offset(c->low, c->high, key);
	void *place = c->area + KEYVALUE_HEADER_SIZE + offset;
	__u64 bit = 1ULL << key;

	if (place + room > c->end)
		return -ENOSPC;
	if ((c->low | c->high) >> key) { /* greater keys */
		int err = keyvalue_move(c, offset, room);

		if (err)
			return err;
	}
	keyvalue_store(place, value, size);
	/*
	 * Turned over, not set: of a bit that was set the verifier would know it, and follow each way through the
	 * program on which another is.
	 */
	asm volatile("" : "+r"(bit));
	if (room != 4) {
		c->low ^= bit;
		*(volatile area_u64 *)c->area = c->low;
	}
	if (room != 2) {
		c->high ^= bit;
		*(volatile area_u64 *)(c->area + 8) = c->high;
	}
	return 0;
}

/* Stores a value of that many bytes and marks the key as set. */
static __always_inline int keyvalue_set(struct keyvalue_cursor *c, __u32 key, const void *value, __u32 size)
{
	int err = keyvalue_check(c, key, size);
	void *place;

	if (err)
		return err;
	if (!((c->low | c->high) >> key & 1))
		return keyvalue_insert(c, key, value, size);
	if (!(keyvalue_with_size(c, size) >> key & 1))
		return -EINVAL;
	place = c->area + KEYVALUE_HEADER_SIZE + keyvalue_offset(c->low, c->high, key);
	if (place + keyvalue_room(size) > c->end)
		return -EFAULT;
	keyvalue_store(place, value, size);
	return 0;
}

/* Loads a value of that many bytes. */
static __always_inline int keyvalue_get(const struct keyvalue_cursor *c, __u32 key, void *value, __u32 size)
{
	int err = keyvalue_check(c, key, size);
	void *place;

	if (err)
		return err;
	if (!(keyvalue_with_size(c, size) >> key & 1))
		return (c->low | c->high) >> key & 1 ? -EINVAL : -ENOENT;
	place = c->area + KEYVALUE_HEADER_SIZE + keyvalue_offset(c->low, c->high, key);
	if (place + keyvalue_room(size) > c->end)
		return -EFAULT;
	area_load(value, place, size);
	return 0;
}

#endif /* ENCODING_KEYVALUE_BPF_H */
