/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The packets that wait to be read from a socket, in the order in which they will be.
 *
 * The kernel runs getsockopt programs with the socket locked (__cgroup_bpf_run_filter_getsockopt() in
 * kernel/bpf/cgroup.c), as it reads TCP. It reads UDP without that lock, so that another thread which reads meanwhile
 * can change what is next.
 */
#ifndef PKTMETA_RECEIVE_QUEUE_BPF_H
#define PKTMETA_RECEIVE_QUEUE_BPF_H

#include <pktmeta/skb.bpf.h>
#include <pktmeta/sockets.h>

/* What the kernel has, as far as it is read here. */
struct sk_buff___queue {
	struct sk_buff___queue *next;
	unsigned char *head, *data;
	__u32 len;
	__u16 network_header, transport_header;
	__u16 csum_start;
	__u8 ip_summed : 2;
	__u8 csum_valid : 1;
	void *sk;
	char cb[48];
} __attribute__((preserve_access_index));

struct sk_buff_head___queue {
	struct sk_buff___queue *next;
} __attribute__((preserve_access_index));

struct proto___queue {
	void *recvmsg;
} __attribute__((preserve_access_index));

struct sock_common___queue {
	struct proto___queue *skc_prot;
} __attribute__((preserve_access_index));

struct sock___queue {
	struct sock_common___queue __sk_common;
	struct sk_buff_head___queue sk_receive_queue;
	struct {
		struct sk_buff___queue *tail;
	} sk_backlog;
} __attribute__((preserve_access_index));

struct udp_sock___queue {
	struct sk_buff_head___queue reader_queue;
} __attribute__((preserve_access_index));

struct rb_root___queue {
	void *rb_node;
} __attribute__((preserve_access_index));

struct tcp_sock___queue {
	__u32 copied_seq, rcv_nxt, rcv_wnd, urg_seq;
	__u16 urg_data;
	struct rb_root___queue out_of_order_queue;
} __attribute__((preserve_access_index));

struct tcp_skb_cb___queue {
	__u32 seq;
} __attribute__((preserve_access_index));

struct bpf_sockopt_kern___queue {
	void *sk;
} __attribute__((preserve_access_index));

/* The link of a packet, or of a queue, to the next: a number to the verifier, which can be handed to a function. */
static __always_inline const void *link_of(const void *link)
{
	return (const void *)__pktmeta_kernel_word(link + bpf_core_field_offset(struct sk_buff_head___queue, next));
}

#define OF_SKB(skb, member) __PKTMETA_KERNEL_MEMBER(struct sk_buff___queue, skb, member)
#define OF_TCP(sk, member) __PKTMETA_KERNEL_MEMBER(struct tcp_sock___queue, sk, member)

/* A bit field of a byte. */
#define BITS_OF_SKB(skb, field) \
	({ \
		struct sk_buff___queue *__skb = (void *)(skb); \
		__u64 __bits = __pktmeta_kernel_byte( \
			(const void *)__skb + __builtin_preserve_field_info(__skb->field, BPF_FIELD_BYTE_OFFSET)); \
		__bits <<= __builtin_preserve_field_info(__skb->field, BPF_FIELD_LSHIFT_U64); \
		__bits >> __builtin_preserve_field_info(__skb->field, BPF_FIELD_RSHIFT_U64); \
	})

/* The socket that is asked. */
static __always_inline const void *socket_of(struct bpf_sockopt *ctx)
{
	return __PKTMETA_KERNEL_MEMBER(struct bpf_sockopt_kern___queue, __pktmeta_kernel_context(ctx), sk);
}

enum reader { NO_READER, TCP_READER, UDP_READER };

/*
 * By what the next read goes. A socket on which something else reads, such as kTLS, MPTCP or a sockmap's program, has
 * its own function in place of these.
 */
static __always_inline enum reader reader_of(const void *sk)
{
	const void *proto = __PKTMETA_KERNEL_MEMBER(struct sock___queue, sk, __sk_common.skc_prot);
	__u64 recvmsg = (__u64)__PKTMETA_KERNEL_MEMBER(struct proto___queue, proto, recvmsg);

	if (!recvmsg)
		return NO_READER;
	if (recvmsg == pktmeta_sockets.tcp_recvmsg)
		return TCP_READER;
	if (recvmsg == pktmeta_sockets.udp_recvmsg || recvmsg == pktmeta_sockets.udpv6_recvmsg)
		return UDP_READER;
	return NO_READER;
}

/* UDP. */

/* Readers take packets from a queue of their own, which they fill from the socket's. */
struct udp_queues {
	const void *readers, *sockets;
};

static __always_inline struct udp_queues udp_queues_of(const void *sk)
{
	struct udp_queues queues = {
		.readers = sk + bpf_core_field_offset(struct udp_sock___queue, reader_queue),
		.sockets = sk + bpf_core_field_offset(struct sock___queue, sk_receive_queue),
	};

	return queues;
}

/* What follows a packet, or at first the readers' queue itself; NULL: nothing. */
static __always_inline const void *next_datagram(const struct udp_queues *queues, const void *link)
{
	const void *next = link_of(link);

	if (next == queues->readers)
		next = link_of(queues->sockets);
	return next == queues->sockets ? NULL : next;
}

#define CHECKSUM_UNNECESSARY___queue 1 /* of linux/skbuff.h */
#define CHECKSUM_PARTIAL___queue 3

/*
 * Whether the kernel knows that the datagram's checksum is right, or will never ask: else, reading finds out, and
 * passes over a datagram of which it is not (skb_csum_unnecessary() of linux/skbuff.h).
 */
static __always_inline int is_checked(const void *skb)
{
	__u8 summed = BITS_OF_SKB(skb, ip_summed);

	if (summed == CHECKSUM_UNNECESSARY___queue || BITS_OF_SKB(skb, csum_valid))
		return 1;
	return summed == CHECKSUM_PARTIAL___queue &&
	       OF_SKB(skb, csum_start) >= (__u64)OF_SKB(skb, data) - (__u64)OF_SKB(skb, head);
}

/* TCP. */

/* Bytes that are read next: where they lie. */
struct tcp_bytes {
	const void *skb;
	__u32 read; /* bytes of it that were read before */
	__u32 left;
	int is_urgent;
};

/* Bytes that are left to the urgent one, at which reading stops, and which it then passes over; without one, many. */
static __always_inline __u32 bytes_to_urgent(const void *sk, __u32 copied)
{
	return OF_TCP(sk, urg_data) ? OF_TCP(sk, urg_seq) - copied : ~0U;
}

#define TCP_EMPTY_MAX 4 /* packets in front, such as a FIN, without bytes that are left */

/* 0 or -EAGAIN. */
static __always_inline int find_tcp_bytes(const void *sk, struct tcp_bytes *bytes)
{
	const void *queue = sk + bpf_core_field_offset(struct sock___queue, sk_receive_queue);
	const void *skb = queue;
	__u32 copied = OF_TCP(sk, copied_seq), urgent = bytes_to_urgent(sk, copied);

	for (int i = 0; i < TCP_EMPTY_MAX; i++) {
		const void *cb;
		__u32 length, read;

		skb = link_of(skb);
		if (skb == queue || !skb)
			break;
		cb = skb + bpf_core_field_offset(struct sk_buff___queue, cb);
		read = copied - __PKTMETA_KERNEL_MEMBER(struct tcp_skb_cb___queue, cb, seq);
		length = OF_SKB(skb, len);
		if (read < length) {
			bytes->skb = skb;
			bytes->read = read;
			bytes->left = length - read;
			bytes->is_urgent = !urgent;
			if (bytes->is_urgent)
				bytes->left = 1;
			else if (bytes->left > urgent)
				bytes->left = urgent;
			return 0;
		}
	}
	return -EAGAIN;
}

/*
 * Leaves of these bytes those of the first packet: TCP merges packets in the queue, but leaves the first one's headers,
 * which still say how long that was. 0 or -ENODATA: the bytes are of one that was merged into it, or the kernel has
 * copied packets to make room, without their headers and areas (tcp_collapse() in net/ipv4/tcp_input.c), or the next
 * byte is an urgent one, in whose place another packet's may be read.
 */
static __always_inline int keep_first_packet(struct tcp_bytes *bytes)
{
	const unsigned char *head = OF_SKB(bytes->skb, head);
	__u32 network = OF_SKB(bytes->skb, network_header), transport = OF_SKB(bytes->skb, transport_header);
	__u64 ip, length;
	__u32 headers;

	if (bytes->is_urgent || transport == 0xffff || transport <= network)
		return -ENODATA;
	ip = __pktmeta_kernel_word(head + network);
	headers = transport - network + (__pktmeta_kernel_byte(head + transport + 12) >> 4) * 4;
	if ((*(const __u8 *)&ip >> 4) == 4)
		length = bpf_ntohs(((const __u16 *)&ip)[1]);
	else /* of what is behind the header of 40 bytes */
		length = bpf_ntohs(((const __u16 *)&ip)[2]) + 40;
	if (length < headers || length - headers <= bytes->read)
		return -ENODATA;
	length -= headers + bytes->read;
	if (bytes->left > length)
		bytes->left = length;
	return 0;
}

/* How far a stream has come, as one of its packets does. */
struct progress {
	__u32 received; /* to the byte behind the last one without a gap in front */
	__u32 edge;     /* to the byte behind the last one that may have come */
};

/* What waits for a gap to be filled, or for the socket's lock, lies within the window. */
static __always_inline struct progress progress_of(const void *sk)
{
	struct progress progress = {.received = OF_TCP(sk, rcv_nxt)};

	progress.edge = progress.received;
	if (OF_TCP(sk, out_of_order_queue.rb_node) || __PKTMETA_KERNEL_MEMBER(struct sock___queue, sk, sk_backlog.tail))
		progress.edge += OF_TCP(sk, rcv_wnd);
	return progress;
}

#endif /* PKTMETA_RECEIVE_QUEUE_BPF_H */
