/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Bytes beside the packet, found by the packet's mark: as near as programs get to a buffer that the kernel itself hangs
 * off its packet, the struct sk_buff (SKB_EXT_BPF, proposed in 2026: one buffer of 64 to 256 bytes, not merged).
 *
 *	bytes = skb_buffer_make(skb);   at TC: SKB_BUFFER_SIZE of them, all zeroes; takes the packet's mark
 *	bytes = skb_buffer_find(skb);   later at TC; NULL if the packet has none, or has it no more
 *
 * Include <linux/bpf.h> or vmlinux.h, and <bpf/bpf_helpers.h>, before this file. Programs that share buffers share
 * skb_buffers and skb_buffer_count.
 *
 * It costs less than the kernel's own would: nothing is allocated or freed. The buffers are handed out in turn, and a
 * packet that is still there SKB_BUFFERS packets later has lost its own, which it finds out.
 */
#ifndef ENCODING_SKB_BUFFER_BPF_H
#define ENCODING_SKB_BUFFER_BPF_H

#ifndef SKB_BUFFER_SIZE
#define SKB_BUFFER_SIZE 64
#endif

/* A power of 2. */
#ifndef SKB_BUFFERS
#define SKB_BUFFERS 4096
#endif

/* In the marks of packets that have a buffer: others mostly have small marks, or none. */
#define SKB_BUFFER_MARK 0x80000000

struct skb_buffer {
	__u64 mark; /* of the packet that has it */
	__u8 bytes[SKB_BUFFER_SIZE];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SKB_BUFFERS);
	__type(key, __u32);
	__type(value, struct skb_buffer);
} skb_buffers SEC(".maps");

/* Handed out so far, on all CPUs. */
__u32 skb_buffer_count;

static __always_inline struct skb_buffer *skb_buffer_at(__u32 mark)
{
	__u32 index = mark & (SKB_BUFFERS - 1);

	return bpf_map_lookup_elem(&skb_buffers, &index);
}

static __always_inline void *skb_buffer_make(struct __sk_buff *skb)
{
	__u32 mark = __sync_fetch_and_add(&skb_buffer_count, 1) | SKB_BUFFER_MARK;
	struct skb_buffer *buffer = skb_buffer_at(mark);

	if (!buffer)
		return NULL;
	buffer->mark = mark;
	__builtin_memset(buffer->bytes, 0, sizeof(buffer->bytes));
	skb->mark = mark;
	return buffer->bytes;
}

static __always_inline void *skb_buffer_find(struct __sk_buff *skb)
{
	__u32 mark = skb->mark;
	struct skb_buffer *buffer = skb_buffer_at(mark);

	return buffer && mark & SKB_BUFFER_MARK && buffer->mark == mark ? buffer->bytes : NULL;
}

#endif /* ENCODING_SKB_BUFFER_BPF_H */
