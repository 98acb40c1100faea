/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * How a value gets into the area.
 *
 * XDP programs store into the packet. In a TC program a store does harm: the kernel then makes the packet's buffer
 * private before the program runs, and if a tap (an AF_PACKET socket without a ring) shares the buffer, the copy has no
 * metadata, for this program and for all behind it. So TC programs write through bpf_dynptr_from_skb_meta() where the
 * kernel has it (6.18): that brings no such prologue, and refuses where the buffer is shared. On older kernels they
 * store, and programs that only read are the ones to be preferred. #define PKTMETA_STORES_AT_TC before the include to
 * store on all kernels.
 *
 * The kernel function takes a program whose licence is GPL-compatible: "GPL", "Dual BSD/GPL", "Dual MIT/GPL" and the
 * like (include/linux/license.h in the kernel's sources). Others define PKTMETA_STORES_AT_TC.
 */
#ifndef PKTMETA_WRITE_BPF_H
#define PKTMETA_WRITE_BPF_H

struct bpf_dynptr;
extern int bpf_dynptr_from_skb_meta(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *ptr) __ksym __weak;

/* What becomes of fields_set: bits to keep, then bits to set. */
struct __pktmeta_marks {
	__u32 keep;
	__u32 set;
};

static __always_inline struct __pktmeta_marks __pktmeta_mark(__u32 bit)
{
	return (struct __pktmeta_marks){.keep = ~0U, .set = bit};
}

static __always_inline struct __pktmeta_marks __pktmeta_unmark(__u32 bit)
{
	return (struct __pktmeta_marks){.keep = ~bit, .set = 0};
}

/* Known when the program is loaded: the verifier removes the way not taken, and with it the stores. */
static __always_inline int __pktmeta_writes_by_dynptr(const struct pktmeta_cursor *c)
{
#ifdef PKTMETA_STORES_AT_TC
	return 0;
#else
	return c->is_tc && (void *)&bpf_dynptr_from_skb_meta != NULL;
#endif
}

/* Takes the packet's pointers anew, which a write through a dynptr ends. */
static __always_inline void __pktmeta_reload(struct pktmeta_cursor *c)
{
	struct __sk_buff *skb = c->skb;

	c->area = __PKTMETA_POINTER(skb, data_meta);
	c->end = __PKTMETA_POINTER(skb, data);
}

/* The same of a cursor of dynamic access. A write that found no area, or another one than the cursor's, closes it. */
static __always_inline void __pktmeta_refresh(struct pktmeta_cursor *c, int err)
{
	__pktmeta_reload(c);
	c->is_open = err != -EFAULT && c->area + __PKTMETA_SEAL(CAPACITY) <= c->end;
}

/*
 * -EBUSY: a tap shares the packet, nothing is written. -EFAULT: the area that the cursor was opened on does not lie
 * there any more, nothing is written: the verifier does not see that a cursor has become old, since no packet pointer
 * is used here. The cursor's pointers are to be taken anew.
 */
static __always_inline int __pktmeta_write_by_dynptr(struct pktmeta_cursor *c, __u32 offset, const void *value,
						     __u32 size, struct __pktmeta_marks marks)
{
	const __u32 trailer_at = __PKTMETA_SEAL(CAPACITY) - PKTMETA_TRAILER_SIZE;
	struct pktmeta_header header = {};
	struct bpf_dynptr area;
	__u64 trailer = 0;

	if (bpf_dynptr_from_skb_meta(c->skb, 0, &area) || bpf_dynptr_read(&header, sizeof(header), &area, 0, 0) ||
	    bpf_dynptr_read(&trailer, sizeof(trailer), &area, trailer_at, 0))
		return -EFAULT;
	if (header.seal != __PKTMETA_SEAL(HEADER) || pktmeta_trailer_stamp(trailer) != c->stamp)
		return -EFAULT;
	header.fields_set = (header.fields_set & marks.keep) | marks.set;
	/* The header last: a field is marked as set once its value is there. */
	if (size && bpf_dynptr_write(&area, offset, (void *)value, size, 0))
		return -EBUSY;
	return bpf_dynptr_write(&area, 0, &header, sizeof(header), 0) ? -EBUSY : 0;
}

/* Stores fields_set, and nothing else. */
static __always_inline void __pktmeta_store_marks(struct pktmeta_cursor *c, struct __pktmeta_marks marks)
{
	volatile struct pktmeta_header *header = c->area;

	header->fields_set = (header->fields_set & marks.keep) | marks.set;
}

#endif /* PKTMETA_WRITE_BPF_H */
