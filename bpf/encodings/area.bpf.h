/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What encodings in the metadata area have in common: making it, and moving values in and out.
 *
 * Include <linux/bpf.h> or vmlinux.h, and <bpf/bpf_helpers.h>, before this file.
 */
#ifndef ENCODING_AREA_BPF_H
#define ENCODING_AREA_BPF_H

#include <linux/errno.h>

typedef __u64 __attribute__((__may_alias__)) area_u64;
typedef __u32 __attribute__((__may_alias__)) area_u32;
typedef __u16 __attribute__((__may_alias__)) area_u16;
typedef __u8 __attribute__((__may_alias__)) area_u8;

#define AREA_META(ctx) ((void *)(long)(ctx)->data_meta)
#define AREA_END(ctx) ((void *)(long)(ctx)->data)

/*
 * Makes an area of a constant size, a multiple of 4, all zeroes: what earlier packets left there would leak, and keep
 * GRO from merging. 0; -ENOSPC: the driver has no room for it; -EOPNOTSUPP: it has no metadata.
 */
static __always_inline int area_make(struct xdp_md *ctx, __u32 size)
{
	int err = bpf_xdp_adjust_meta(ctx, -(int)size);

	if (err == -EINVAL)
		return -ENOSPC;
	if (err)
		return -EOPNOTSUPP;
	if (AREA_META(ctx) + size > AREA_END(ctx))
		return -EFAULT;
	__builtin_memset((area_u64 *)AREA_META(ctx), 0, size);
	return 0;
}

#define AREA_STORE(type, place, value) \
	do { \
		type chunk; \
		__builtin_memcpy(&chunk, (value), sizeof(chunk)); \
		*(type *)(place) = chunk; \
	} while (0)
#define AREA_LOAD(type, place, value) \
	do { \
		type chunk = *(type *)(place); \
		__builtin_memcpy((value), &chunk, sizeof(chunk)); \
	} while (0)
#define AREA_MOVE(move, place, value, size) \
	do { \
		switch (size) { \
		case 1: \
			move(area_u8, place, value); \
			break; \
		case 2: \
			move(area_u16, place, value); \
			break; \
		case 4: \
			move(area_u32, place, value); \
			break; \
		case 8: \
			move(area_u64, place, value); \
			break; \
		} \
	} while (0)

/* Sizes are constants, 1, 2, 4 or 8: one store, or one load. */
static __always_inline int area_is_size(__u32 size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static __always_inline void area_store(void *place, const void *value, __u32 size)
{
	AREA_MOVE(AREA_STORE, place, value, size);
}

static __always_inline void area_load(void *value, const void *place, __u32 size)
{
	AREA_MOVE(AREA_LOAD, place, value, size);
}

#endif /* ENCODING_AREA_BPF_H */
