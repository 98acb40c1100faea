/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A struct that writer and reader agreed on by hand: the limit that an encoding can reach.
 *
 *	struct agreed {
 *		__u64 seen_at;
 *		__u32 tenant;
 *		__u32 pad;
 *	};
 *
 *	struct struct_cursor c;
 *
 *	err = struct_open(&c, ctx, sizeof(struct agreed));
 *	err = struct_set(&c, offsetof(struct agreed, tenant), &tenant, sizeof(tenant));
 *
 * Checks: open, that the area has the struct's size; the other calls, that open succeeded, which the compiler removes
 * if the program did. Whose the area is, which version of the struct it holds, and whether a value was ever set:
 * nobody knows. A place outside the struct is refused by the verifier.
 *
 *	-EINVAL     the size is not 1, 2, 4 or 8
 *	-EFAULT     no area
 *	-EBUSY      (open in XDP) there is metadata, too short for the struct
 *	-ENOSPC, -EOPNOTSUPP  (open in XDP) the driver has no room for the area; it has no metadata
 */
#ifndef ENCODING_STRUCT_BPF_H
#define ENCODING_STRUCT_BPF_H

#include "area.bpf.h"

struct struct_cursor {
	void *area;
	int is_open;
};

static __always_inline int struct_find(struct struct_cursor *c, void *meta, void *end, __u32 size)
{
	c->area = meta;
	c->is_open = 0;
	if (meta + size > end)
		return -EFAULT;
	c->is_open = 1;
	return 0;
}

/* Takes the area that lies there, or makes it. */
static __always_inline int struct_open_xdp(struct struct_cursor *c, struct xdp_md *ctx, __u32 size)
{
	int err;

	if (!struct_find(c, AREA_META(ctx), AREA_END(ctx), size))
		return 0;
	if (AREA_META(ctx) + 4 <= AREA_END(ctx))
		return -EBUSY;
	err = area_make(ctx, size);
	return err ? err : struct_find(c, AREA_META(ctx), AREA_END(ctx), size);
}

static __always_inline int struct_open_tc(struct struct_cursor *c, struct __sk_buff *skb, __u32 size)
{
	return struct_find(c, AREA_META(skb), AREA_END(skb), size);
}

#define struct_open(cursor, ctx, size) \
	_Generic((ctx), struct xdp_md * : struct_open_xdp, struct __sk_buff * : struct_open_tc)(cursor, ctx, size)

static __always_inline int struct_set(struct struct_cursor *c, __u32 offset, const void *value, __u32 size)
{
	if (!area_is_size(size))
		return -EINVAL;
	if (!c->is_open)
		return -EFAULT;
	area_store(c->area + offset, value, size);
	return 0;
}

static __always_inline int struct_get(const struct struct_cursor *c, __u32 offset, void *value, __u32 size)
{
	if (!area_is_size(size))
		return -EINVAL;
	if (!c->is_open)
		return -EFAULT;
	area_load(value, c->area + offset, size);
	return 0;
}

#endif /* ENCODING_STRUCT_BPF_H */
