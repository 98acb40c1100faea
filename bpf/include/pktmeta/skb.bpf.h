/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Fields of any packet that the kernel has as a struct sk_buff, in each program that gets one: raw and BTF tracepoints,
 * fentry and fexit, netfilter, cgroup_skb, socket filters, sk_reuseport, sk_skb, and TC. Read only.
 *
 *	struct pktmeta_skb_cursor c;
 *	__u32 tenant;
 *
 *	pktmeta_open_skb(&c, skb);
 *	err = pktmeta_get(&c, PKTMETA_ID(tenant), &tenant, sizeof(tenant));
 *
 * or, bound, pktmeta_open_bound_skb() and PKTMETA_GET(). The errors are those of pktmeta.bpf.h. Only XDP makes areas,
 * and fields are set there and at TC.
 *
 * The packet is a struct sk_buff *, or its address as a number, as a raw tracepoint has it; or the context of the
 * program, a struct __sk_buff * or a struct sk_reuseport_md *.
 *
 * What is read is kernel memory, so that a program takes CAP_PERFMON and a licence that is compatible with the GPL. Of
 * three ways to read the best that the kernel has is chosen as the program is loaded:
 *	bytes, by bpf_rdonly_cast()          Linux 6.17
 *	members of types, by the same        Linux 6.2
 *	bpf_probe_read_kernel()              Linux 5.5: five times the time
 */
#ifndef PKTMETA_SKB_BPF_H
#define PKTMETA_SKB_BPF_H

#include <bpf/bpf_endian.h>

#include "pktmeta.bpf.h"

extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;
extern void *bpf_cast_to_kern_ctx(void *ctx) __ksym __weak;
/* Came with reading bytes through bpf_rdonly_cast(), of which nothing else tells. */
extern int bpf_strlen(const char *text) __ksym __weak;

/* As the kernel has them, of which CO-RE finds the places; the names' ends are no part of them. */
struct sk_buff___pktmeta {
	unsigned char *head;
	__u32 end; /* bytes from head, on machines of 64 bits */
	__u16 mac_header;
} __attribute__((preserve_access_index));

struct skb_shared_info___pktmeta {
	__u8 meta_len;
} __attribute__((preserve_access_index));

struct sk_reuseport_kern___pktmeta {
	void *skb;
} __attribute__((preserve_access_index));

/* A type of nothing but words: read as one of these, any memory is words. */
struct bpf_dynptr___pktmeta {
	__u64 __opaque[2];
} __attribute__((preserve_access_index));

/* As the others', of which area is an address in the kernel. */
struct pktmeta_skb_cursor {
	struct pktmeta_cursor cursor;
	__u64 fields_set;
};

/* Reading kernel memory. */

/*
 * Asked anew each time, which costs nothing: the verifier removes what cannot be. An answer that the compiler keeps, it
 * keeps as half a word, of which older verifiers do not know what it was once it has been on the stack.
 */
#define __PKTMETA_HAS_FUNCTION(function) \
	({ \
		void *__function = (void *)&function; \
		__PKTMETA_KEEP(__function); \
		__function != NULL; \
	})
#define __PKTMETA_HAS_CAST __PKTMETA_HAS_FUNCTION(bpf_rdonly_cast)
#define __PKTMETA_HAS_BYTES __PKTMETA_HAS_FUNCTION(bpf_strlen)
#define __PKTMETA_HAS_WORDS \
	({ \
		__u64 __has = bpf_core_field_exists(struct bpf_dynptr___pktmeta, __opaque); \
		__PKTMETA_KEEP(__has); \
		__has != 0; \
	})

/* A word at any address; what cannot be read is zero. */
static __always_inline __u64 __pktmeta_kernel_word(const void *from)
{
	if (__PKTMETA_HAS_CAST && __PKTMETA_HAS_BYTES) {
		return *(volatile const __u64 *)bpf_rdonly_cast(from, 0);
	} else if (__PKTMETA_HAS_CAST && __PKTMETA_HAS_WORDS) {
		struct bpf_dynptr___pktmeta *words =
			bpf_rdonly_cast(from, bpf_core_type_id_kernel(struct bpf_dynptr___pktmeta));

		return words->__opaque[0];
	} else {
		__u64 word = 0; /* on the stack, where the others have none */

		bpf_probe_read_kernel(&word, sizeof(word), from);
		return word;
	}
}

static __always_inline __u8 __pktmeta_kernel_byte(const void *from)
{
	__u64 word = __pktmeta_kernel_word(from);

	return *(const __u8 *)&word;
}

/* Of a size that the compiler knows, at most PKTMETA_VALUE_MAX. */
static __always_inline void __pktmeta_kernel_read(void *to, const void *from, __u32 size)
{
	if (!(__PKTMETA_HAS_CAST && (__PKTMETA_HAS_BYTES || __PKTMETA_HAS_WORDS))) {
		bpf_probe_read_kernel(to, size, from);
		return;
	}
#pragma unroll
	for (__u32 i = 0; i < PKTMETA_VALUE_MAX; i += 8) {
		if (i < size) {
			__u64 word = __pktmeta_kernel_word(from + i);

			__builtin_memcpy(to + i, &word, size - i < 8 ? size - i : 8);
		}
	}
}

/* A member of a type of the kernel's, by its flavour here. */
#define __PKTMETA_KERNEL_MEMBER(type, address, member) \
	({ \
		type *__object = (void *)(address); \
		__typeof__(__object->member) __value; \
		if (__PKTMETA_HAS_CAST) { \
			__object = bpf_rdonly_cast(__object, bpf_core_type_id_kernel(type)); \
			__value = __object->member; \
		} else { \
			__typeof__(__object->member) __read = 0; \
			bpf_core_read(&__read, sizeof(__read), &__object->member); \
			__value = __read; \
		} \
		__value; \
	})

/* To the verifier a context is a pointer of its own kind; to the kernel, the address of a structure. */
static __always_inline const void *__pktmeta_kernel_context(void *ctx)
{
	void *volatile slot = ctx;
	void *address = NULL;

	if ((void *)&bpf_cast_to_kern_ctx != NULL)
		return bpf_cast_to_kern_ctx(ctx);
	bpf_probe_read_kernel(&address, sizeof(address), (const void *)&slot);
	return address;
}

static __always_inline const void *__pktmeta_skb_itself(const void *skb)
{
	return skb;
}

static __always_inline const void *__pktmeta_skb_of_context(struct __sk_buff *ctx)
{
	return __pktmeta_kernel_context(ctx);
}

static __always_inline const void *__pktmeta_skb_of_reuseport(struct sk_reuseport_md *ctx)
{
	return __PKTMETA_KERNEL_MEMBER(struct sk_reuseport_kern___pktmeta, __pktmeta_kernel_context(ctx), skb);
}

/* The packet's address in the kernel. */
#define __PKTMETA_SKB(skb) \
	_Generic((skb), struct __sk_buff * \
		 : __pktmeta_skb_of_context, struct sk_reuseport_md * \
		 : __pktmeta_skb_of_reuseport, default \
		 : __pktmeta_skb_itself)((void *)(skb))

/* Opening. */

/* In front of a packet that came out of VXLAN are its outer headers still, Ethernet's first. */
#define __PKTMETA_VXLAN_IPV4 50
#define __PKTMETA_VXLAN_IPV6 70

static __always_inline int __pktmeta_is_vxlan(const void *udp, __be16 port)
{
	__u64 word = __pktmeta_kernel_word(udp + 2);
	const __u8 *bytes = (const __u8 *)&word; /* the port that it came to, length, checksum, VXLAN's flags */

	return *(const __be16 *)bytes == port && bytes[6] == 0x08;
}

/* Bytes of the outer headers, each of which is looked at; 0: there are none to that port. No IP options, no tag. */
static __always_inline __u32 __pktmeta_outer_headers(const void *inner, __be16 port)
{
	const __u8 udp = 17; /* IPPROTO_UDP */
	const void *frame = inner - __PKTMETA_VXLAN_IPV4;
	__u64 word = __pktmeta_kernel_word(frame + 8);
	const __u8 *bytes = (const __u8 *)&word; /* 4 of the source's address, the frame's type, IP's first bytes */

	if (*(const __be16 *)(bytes + 4) == bpf_htons(0x0800) && bytes[6] == 0x45 &&
	    __pktmeta_kernel_byte(frame + 23) == udp && __pktmeta_is_vxlan(frame + 34, port))
		return __PKTMETA_VXLAN_IPV4;
	frame = inner - __PKTMETA_VXLAN_IPV6;
	word = __pktmeta_kernel_word(frame + 8);
	if (*(const __be16 *)(bytes + 4) == bpf_htons(0x86dd) && bytes[6] >> 4 == 6 &&
	    __pktmeta_kernel_byte(frame + 20) == udp && __pktmeta_is_vxlan(frame + 54, port))
		return __PKTMETA_VXLAN_IPV6;
	return 0;
}

/* Where the packet lies in memory. */
struct __pktmeta_frame {
	const unsigned char *head;
	__u32 end; /* where it is read with the others, which is without bpf_rdonly_cast() */
	__u16 mac_header;
};

#define __PKTMETA_SKB_OFFSET(member) bpf_core_field_offset(((struct sk_buff___pktmeta *)0)->member)

/* In all kernels the three lie side by side, so that one call reads them. */
static __always_inline void __pktmeta_probe_frame(struct __pktmeta_frame *frame, const void *skb)
{
	const __u64 head = __PKTMETA_SKB_OFFSET(head), end = __PKTMETA_SKB_OFFSET(end);
	const __u64 mac_header = __PKTMETA_SKB_OFFSET(mac_header), first = mac_header & ~7ULL;
	__u64 words[6] = {};
	const void *bytes = words;

	__PKTMETA_KEEP(bytes); /* or, as it is aligned, the compiler adds by bits, which the verifier does not allow */
	if (end - first + sizeof(frame->end) > sizeof(words) || head - first + sizeof(frame->head) > sizeof(words))
		return;
	bpf_probe_read_kernel(words, sizeof(words), skb + first);
	frame->head = *(const unsigned char *const *)(bytes + (head - first));
	frame->end = *(const __u32 *)(bytes + (end - first));
	frame->mac_header = *(const __u16 *)(bytes + (mac_header - first));
}

static __always_inline void __pktmeta_read_frame(struct __pktmeta_frame *frame, const void *skb)
{
	frame->head = NULL;
	frame->end = 0;
	frame->mac_header = 0;
	if (__PKTMETA_HAS_CAST) {
		frame->head = __PKTMETA_KERNEL_MEMBER(struct sk_buff___pktmeta, skb, head);
		frame->mac_header = __PKTMETA_KERNEL_MEMBER(struct sk_buff___pktmeta, skb, mac_header);
	} else {
		__pktmeta_probe_frame(frame, skb);
	}
}

/* Bytes of metadata that the packet has. */
static __always_inline __u8 __pktmeta_skb_metadata(const struct __pktmeta_frame *frame, const void *skb)
{
	__u32 end = frame->end;

	if (__PKTMETA_HAS_CAST)
		end = __PKTMETA_KERNEL_MEMBER(struct sk_buff___pktmeta, skb, end);
	return __PKTMETA_KERNEL_MEMBER(struct skb_shared_info___pktmeta, frame->head + end, meta_len);
}

/*
 * Where the packet's area lies if it has metadata of that size: in front of the link-layer header or, of a packet out
 * of VXLAN to a port, in front of the outer headers; NULL if there is no room for it in the packet's memory.
 */
static __always_inline const void *__pktmeta_skb_area(const struct __pktmeta_frame *frame, __u64 capacity, __u16 port)
{
	__u64 before = frame->mac_header;

	if (before == 0xffff) /* the packet has no such header yet */
		return NULL;
	if (port) {
		__u32 outer = before < __PKTMETA_VXLAN_IPV6
				      ? 0
				      : __pktmeta_outer_headers(frame->head + before, bpf_htons(port));

		if (!outer)
			return NULL;
		before -= outer;
	}
	return before < capacity ? NULL : frame->head + before - capacity;
}

/* What lies at the start of an area. */
static __always_inline struct pktmeta_header __pktmeta_skb_header(const void *area)
{
	__u64 word = __pktmeta_kernel_word(area);
	struct pktmeta_header header;

	__builtin_memcpy(&header, &word, sizeof(word));
	return header;
}

/* Takes an area that starts with this header; whether its stamp is good, the caller asks. */
static __always_inline void __pktmeta_take(struct pktmeta_skb_cursor *c, const void *area, __u64 capacity,
					   struct pktmeta_header header)
{
	__u64 last = __pktmeta_kernel_word(area + capacity - PKTMETA_TRAILER_SIZE);

	__pktmeta_fill(&c->cursor, (void *)area, (void *)area + capacity, pktmeta_trailer_stamp(last));
	c->fields_set = header.fields_set;
}

/*
 * Takes what lies where the packet would have its area if it starts with the seal's half and is the packet's metadata.
 * The seal comes first: by two loads fewer it tells of most packets that they have no area.
 */
static __always_inline int __pktmeta_find_skb(struct pktmeta_skb_cursor *c, const void *skb, __u16 port, __u64 capacity,
					      __u64 seal)
{
	struct pktmeta_header header;
	struct __pktmeta_frame frame;
	const void *area;

	__pktmeta_read_frame(&frame, skb);
	area = __pktmeta_skb_area(&frame, capacity, port);
	if (!area)
		return -EFAULT;
	header = __pktmeta_skb_header(area);
	if (header.seal != seal || __pktmeta_skb_metadata(&frame, skb) != capacity)
		return -EFAULT;
	__pktmeta_take(c, area, capacity, header);
	return 0;
}

static __always_inline int __pktmeta_open_skb(struct pktmeta_skb_cursor *c, const void *skb, __u16 port)
{
	const struct pktmeta_registry *registry = __pktmeta_registry();
	__u64 word = __pktmeta_registry_word(registry);
	int err = -ENOENT;

	__pktmeta_empty(&c->cursor, registry);
	c->fields_set = 0;
	if (__pktmeta_find_counts(&c->cursor.counts))
		return err;
	if (__pktmeta_is_bound(word)) {
		err = __pktmeta_find_skb(c, skb, port, __PKTMETA_SEAL(CAPACITY), __PKTMETA_SEAL(HEADER));
		if (!err && __pktmeta_now(word) - c->cursor.stamp >= PKTMETA_GENERATIONS)
			err = -EFAULT;
		c->cursor.is_open = !err;
	}
	__pktmeta_count_open(&c->cursor.counts, err, 0);
	return err;
}

/*
 * Finds the packet's area, by the packet or the program's context.
 *
 * 0; -EFAULT: there is none, or it is someone else's or damaged; -ENOENT: no registry is bound to this program.
 * If not 0, the cursor is empty: get returns -EFAULT.
 */
#define pktmeta_open_skb(cursor, skb) __pktmeta_open_skb(cursor, __PKTMETA_SKB(skb), 0)

/*
 * The same of a packet that has come out of VXLAN, over IPv4 or IPv6, to that UDP port (a constant): the area that was
 * made in front of the outer headers. On the tunnel's device that is the only way to it. What GRO merges there has the
 * first packet's.
 */
#define pktmeta_open_tunnel(cursor, skb, port) __pktmeta_open_skb(cursor, __PKTMETA_SKB(skb), port)

static __always_inline int __pktmeta_open_bound_skb(struct pktmeta_skb_cursor *c, const void *skb, __u16 port)
{
	int err;

	__pktmeta_empty(&c->cursor, NULL);
	c->fields_set = 0;
	if (__pktmeta_find_counts(&c->cursor.counts))
		return -ENOENT;
	err = __pktmeta_find_skb(c, skb, port, __PKTMETA_INFO(CAPACITY), __PKTMETA_INFO(HEADER));
	if (!err && __pktmeta_check_range(c->cursor.stamp))
		err = -EFAULT;
	c->cursor.is_open = !err;
	__pktmeta_count_open(&c->cursor.counts, err, 0);
	return err;
}

/* The same for bound access. */
#define pktmeta_open_bound_skb(cursor, skb) __pktmeta_open_bound_skb(cursor, __PKTMETA_SKB(skb), 0)
#define pktmeta_open_bound_tunnel(cursor, skb, port) __pktmeta_open_bound_skb(cursor, __PKTMETA_SKB(skb), port)

/* Getting. */

/* By the lower bits of the layout word, where in the area the value lies, in bytes from its start; or an error. */
static __always_inline int __pktmeta_skb_offset(__u64 bits, __u32 size)
{
	const __u64 capacity = __PKTMETA_SEAL(CAPACITY);
	__u64 offset = PKTMETA_HEADER_SIZE + (bits >> 16);

	return offset + size + PKTMETA_TRAILER_SIZE > capacity ? -EFAULT : (int)offset;
}

/* The same for this packet, if the field lies there in it. */
static __always_inline int __pktmeta_skb_place(const struct pktmeta_skb_cursor *c, __u64 bits, __u32 size)
{
	int err = __pktmeta_check_age(&c->cursor, bits);

	return err ? err : __pktmeta_skb_offset(bits, size);
}

static __always_inline int __pktmeta_get_skb(const struct pktmeta_skb_cursor *c, __u32 id, void *value, __u32 size)
{
	__u64 difference = __pktmeta_difference(&c->cursor, id, size);
	int place, err = 0, carried;

	if (difference >> PKTMETA_PLACE_BITS || size > PKTMETA_VALUE_MAX)
		err = difference >> 32 ? -ENOENT : -EINVAL;
	else if ((place = __pktmeta_skb_place(c, difference, size)) < 0)
		err = place;
	carried = !err && c->fields_set & __pktmeta_bit(id);
	if (carried)
		__pktmeta_kernel_read(value, c->cursor.area + place, size);
	__pktmeta_count_get(&c->cursor.counts, id, err, carried);
	return err ? err : carried ? 0 : -ENOENT;
}

static __always_inline int __pktmeta_is_set_skb(const struct pktmeta_skb_cursor *c, __u32 id)
{
	const __u64 bits = (1ULL << PKTMETA_PLACE_BITS) - 1;
	__u64 difference = __pktmeta_difference(&c->cursor, id, 0);
	int place;

	if (difference >> 32)
		return -ENOENT;
	place = __pktmeta_skb_place(c, difference & bits, pktmeta_layout_size(difference));
	return place < 0 ? place : !!(c->fields_set & __pktmeta_bit(id));
}

static __always_inline __u32 __pktmeta_bound_fields_set_skb(const struct pktmeta_skb_cursor *c)
{
	return (__u32)c->fields_set;
}

/* pktmeta_get(), pktmeta_is_set(), PKTMETA_GET() and PKTMETA_IS_SET() take cursors of either kind. */
#define __PKTMETA_BY_KIND(cursor, of_skb, of_packet) \
	_Generic((cursor), struct pktmeta_skb_cursor * : of_skb, const struct pktmeta_skb_cursor * : of_skb, \
		 default : of_packet)
#undef __PKTMETA_OF
#define __PKTMETA_OF(cursor, function) __PKTMETA_BY_KIND(cursor, function##_skb, function)
#undef __PKTMETA_LOAD_BOUND
#define __PKTMETA_LOAD_BOUND(c, name, value) \
	do { \
		if (__PKTMETA_BY_KIND(c, 1, 0)) \
			__pktmeta_kernel_read(&(value), (c)->cursor.area + __PKTMETA_OFFSET(name), \
					      sizeof(pktmeta_type_##name)); \
		else \
			__PKTMETA_LOAD_MEMBERS(c, name); \
	} while (0)

#endif /* PKTMETA_SKB_BPF_H */
