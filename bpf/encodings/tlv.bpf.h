/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Type, length, value: an area of self-describing entries, walked from its start on every access.
 *
 *	 0       4      5      6
 *	| used  | type |length| value ... | type |length| value ... |
 *
 * `used` counts the bytes of all entries. A set appends an entry, or overwrites the one that is there; nothing is ever
 * moved. Types are numbers from 0 to 255 that applications agreed on.
 *
 * Checks: that the entries passed lie in the area, and the value too; that the value has the asked size; that open
 * succeeded. Whose the area is: nobody knows.
 *
 *	-ENOENT     the type is above 255; (get) the packet has no such entry
 *	-EINVAL     the size is not 1, 2, 4 or 8, or the entry has another
 *	-EFAULT     no area, or the entries do not lie in it
 *	-ENOSPC     (set) no room for one entry more; (open in XDP) the driver has no room for the area
 *	-EOPNOTSUPP (open in XDP) the driver has no metadata
 */
#ifndef ENCODING_TLV_BPF_H
#define ENCODING_TLV_BPF_H

#include "area.bpf.h"

#ifndef TLV_AREA_SIZE
#define TLV_AREA_SIZE 64 /* bytes that open in XDP makes: a multiple of 4 */
#endif

#define TLV_HEADER_SIZE 4
#define TLV_ENTRY_SIZE 2   /* type and length */
#define TLV_ENTRIES_MAX 32 /* the verifier wants an end of the walk */

struct tlv_cursor {
	void *area;
	void *end;
	__u32 used;
	int is_open;
};

static __always_inline int tlv_find(struct tlv_cursor *c, void *meta, void *end)
{
	c->area = meta;
	c->end = end;
	c->used = 0;
	c->is_open = 0;
	if (meta + TLV_HEADER_SIZE > end)
		return -EFAULT;
	c->used = *(volatile __u32 *)meta;
	c->is_open = 1;
	return 0;
}

/* Takes the area that lies there, or makes one of that many bytes. */
static __always_inline int tlv_open_sized(struct tlv_cursor *c, struct xdp_md *ctx, __u32 size)
{
	int err;

	if (!tlv_find(c, AREA_META(ctx), AREA_END(ctx)))
		return 0;
	err = area_make(ctx, size);
	return err ? err : tlv_find(c, AREA_META(ctx), AREA_END(ctx));
}

static __always_inline int tlv_open_xdp(struct tlv_cursor *c, struct xdp_md *ctx)
{
	return tlv_open_sized(c, ctx, TLV_AREA_SIZE);
}

static __always_inline int tlv_open_tc(struct tlv_cursor *c, struct __sk_buff *skb)
{
	return tlv_find(c, AREA_META(skb), AREA_END(skb));
}

#define tlv_open(cursor, ctx) \
	_Generic((ctx), struct xdp_md * : tlv_open_xdp, struct __sk_buff * : tlv_open_tc)(cursor, ctx)

static __always_inline int tlv_check(const struct tlv_cursor *c, __u32 type, __u32 size)
{
	if (type > 255)
		return -ENOENT;
	if (!area_is_size(size))
		return -EINVAL;
	return c->is_open ? 0 : -EFAULT;
}

/* Where the entry is; -ENOENT: nowhere, and *entry is where the next one goes. */
static __always_inline int tlv_walk(const struct tlv_cursor *c, __u32 type, __u32 size, void **entry)
{
	/*
	 * No area has more than 255 bytes, which keeps the verifier's work small too: with the masks all steps look
	 * alike to it, and what it learns of the end in one step is not about `used`.
	 */
	__u32 stop = (TLV_HEADER_SIZE + c->used) & 0xff;
	__u32 at = TLV_HEADER_SIZE;

#pragma clang loop unroll(disable)
	for (__u64 i = 0; i < TLV_ENTRIES_MAX; i++) {
		void *p = c->area + at;
		__u32 head;

		if (at >= stop) {
			*entry = p;
			return -ENOENT;
		}
		if (p + TLV_ENTRY_SIZE > c->end)
			return -EFAULT;
		head = *(volatile area_u16 *)p;
		if ((head & 0xff) == type) {
			*entry = p;
			return head >> 8 == size ? 0 : -EINVAL;
		}
		at = (at + TLV_ENTRY_SIZE + (head >> 8)) & 0xff;
	}
	*entry = c->area + at;
	return at >= stop ? -ENOENT : -EFAULT;
}

static __always_inline int tlv_set(struct tlv_cursor *c, __u32 type, const void *value, __u32 size)
{
	int err = tlv_check(c, type, size);
	void *entry;

	if (err)
		return err;
	err = tlv_walk(c, type, size, &entry);
	if (err && err != -ENOENT)
		return err;
	if (entry + TLV_ENTRY_SIZE + size > c->end)
		return err ? -ENOSPC : -EFAULT;
	if (err) {
		*(volatile area_u16 *)entry = type | size << 8;
		c->used += TLV_ENTRY_SIZE + size;
		*(volatile __u32 *)c->area = c->used;
	}
	area_store(entry + TLV_ENTRY_SIZE, value, size);
	return 0;
}

static __always_inline int tlv_get(const struct tlv_cursor *c, __u32 type, void *value, __u32 size)
{
	int err = tlv_check(c, type, size);
	void *entry;

	if (err)
		return err;
	err = tlv_walk(c, type, size, &entry);
	if (err)
		return err;
	if (entry + TLV_ENTRY_SIZE + size > c->end)
		return -EFAULT;
	area_load(value, entry + TLV_ENTRY_SIZE, size);
	return 0;
}

#endif /* ENCODING_TLV_BPF_H */
