// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Answers applications that ask for fields of what they receive, by socket options (<pktmeta/socket.h>):
 *
 *	sockets_get	answers, out of the packets that wait to be read, or of what was kept of those that came
 *	sockets_set	notes which sockets want areas kept, or a field as their packets' mark
 *	sockets_ingress	does that, for packets of these sockets
 *
 * What another program may not have, an application does not get either: never a header, nor the seal in it.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/tcp.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include <pktmeta/skb.bpf.h>
#include <pktmeta/sockets.h>

const volatile struct pktmeta_sockets pktmeta_sockets = {};

#include "answers.bpf.h"
#include "receive_queue.bpf.h"
#include "kept.bpf.h"

static __always_inline int is_attached(__u32 way)
{
	return pktmeta_sockets.ways >> way & 1;
}

/* Opens what was kept, as it would be where it came from. */
static __always_inline int open_kept(struct pktmeta_skb_cursor *c, const __u64 *words)
{
	const struct pktmeta_registry *registry = __pktmeta_registry();
	__u64 word = __pktmeta_registry_word(registry);
	struct pktmeta_header header = __pktmeta_skb_header(words);

	__pktmeta_empty(&c->cursor, registry);
	c->fields_set = 0;
	if (!__pktmeta_is_bound(word) || header.seal != __PKTMETA_SEAL(HEADER))
		return -EFAULT;
	__pktmeta_take(c, words, __PKTMETA_SEAL(CAPACITY), header);
	c->cursor.is_open = __pktmeta_now(word) - c->cursor.stamp < PKTMETA_GENERATIONS;
	return c->cursor.is_open ? 0 : -EFAULT;
}

/*
 * Answers with a field of a datagram, at an offset: 0, -EBADMSG, or -EINVAL if the buffer has no room. A global
 * function, which the verifier goes through once for all datagrams.
 */
__attribute__((noinline)) int answer_datagram(struct bpf_sockopt *ctx, __u64 skb, __u32 id, __u64 offset)
{
	const void *packet = (const void *)skb;
	struct pktmeta_skb_cursor c;
	int err;

	if (!is_checked(packet))
		return -EBADMSG;
	err = pktmeta_open_skb(&c, packet);
	return answer_at(ctx, offset, &c, id, err ? -EFAULT : 0, OF_SKB(packet, len));
}

/* How many answers of a field the buffer has room for. */
static __always_inline __u32 room_for(struct bpf_sockopt *ctx, __u32 size)
{
	__u32 room = ctx->optlen, stride = PKTMETA_ANSWER_SIZE(size);

	if (room > PKTMETA_ANSWERS_SIZE_MAX)
		room = PKTMETA_ANSWERS_SIZE_MAX;
	return room / stride;
}

/* Of larger batches, the verifier grows tired. */
#define BATCH_MAX 128

/*
 * Functions that answer are global, each with a stack of its own: areas are large, and a program's whole stack has 512
 * bytes. This one returns bytes of answers, or an error.
 */
__attribute__((noinline)) int answer_datagrams(struct bpf_sockopt *ctx, __u32 id, __u32 size)
{
	struct udp_queues queues = udp_queues_of(socket_of(ctx));
	__u32 stride = PKTMETA_ANSWER_SIZE(size), room = room_for(ctx, size), offset = 0;
	const void *skb = queues.readers;
	int err = -EAGAIN;

	if (!is_attached(PKTMETA_WAY_BATCH) && room > 1)
		room = 1;
	for (__u32 i = 0; i < BATCH_MAX; i++) {
		if (i >= room)
			break;
		skb = next_datagram(&queues, skb);
		if (!skb)
			break;
		err = answer_datagram(ctx, (__u64)skb, id, offset);
		if (err)
			break;
		offset += stride;
	}
	return offset ? (int)offset : err;
}

__attribute__((noinline)) int answer_next_bytes(struct bpf_sockopt *ctx, __u32 id)
{
	struct pktmeta_skb_cursor c;
	struct tcp_bytes bytes = {};
	int err;

	err = find_tcp_bytes(socket_of(ctx), &bytes);
	if (err)
		return err;
	err = keep_first_packet(&bytes);
	if (pktmeta_open_skb(&c, bytes.skb) && !err)
		err = -EFAULT;
	return answer_at(ctx, 0, &c, id, err, bytes.left);
}

__attribute__((noinline)) int answer_timestamp(struct bpf_sockopt *ctx, __u32 id)
{
	struct pktmeta_kept *kept = ctx->sk ? bpf_sk_storage_get(&pktmeta_rings, ctx->sk, NULL, 0) : NULL;
	__u64 words[AREA_WORDS_MAX];
	struct pktmeta_skb_cursor c;
	int err;

	if (!kept || find_datagram(kept, ctx->optname, words))
		return -ESTALE;
	err = open_kept(&c, words);
	return answer_at(ctx, 0, &c, id, err, 0);
}

/* By what is kept: -ESTALE if nothing is, or not any more. */
__attribute__((noinline)) int answer_kept_bytes(struct bpf_sockopt *ctx, __u32 id, __u32 byte, __u32 bytes)
{
	struct pktmeta_kept *kept = ctx->sk ? bpf_sk_storage_get(&pktmeta_runs, ctx->sk, NULL, 0) : NULL;
	__u64 words[AREA_WORDS_MAX];
	struct pktmeta_skb_cursor c;
	int err;

	if (!kept)
		return -ESTALE;
	err = find_bytes(kept, byte, &bytes, words);
	if (err == -ESTALE)
		return err;
	if (err)
		words[0] = 0;
	if (open_kept(&c, words) && !err)
		err = -EFAULT;
	return answer_at(ctx, 0, &c, id, err, bytes);
}

/* Bytes of answers, or an error. */
static __always_inline int answer_next(struct bpf_sockopt *ctx, __u32 way, __u32 id, __u32 size)
{
	const void *sk = socket_of(ctx);
	enum reader reader = reader_of(sk);
	__u32 copied, bytes, urgent;
	int err;

	if (reader == NO_READER)
		return -EPROTONOSUPPORT;
	if (reader == UDP_READER)
		return way == PKTMETA_WAY_NEXT ? answer_datagrams(ctx, id, size) : -EPROTONOSUPPORT;
	if (way == PKTMETA_WAY_BYTES) {
		copied = OF_TCP(sk, copied_seq);
		bytes = OF_TCP(sk, rcv_nxt) - copied;
		if (!bytes)
			return -EAGAIN;
		urgent = bytes_to_urgent(sk, copied);
		err = urgent ? answer_kept_bytes(ctx, id, copied, bytes < urgent ? bytes : urgent) : -ESTALE;
		if (err != -ESTALE)
			return err ? err : PKTMETA_ANSWER_SIZE(size);
		/* The packet at the head of the queue still knows the first bytes. */
	}
	err = answer_next_bytes(ctx, id);
	return err ? err : PKTMETA_ANSWER_SIZE(size);
}

/* The first field that is for sockets, from the slot on that the option's name says; none: zeros. */
static __always_inline int answer_field(struct bpf_sockopt *ctx)
{
	const struct pktmeta_registry *registry = __pktmeta_registry();
	struct pktmeta_socket_field *field = ctx->optval;
	void *end = ctx->optval_end;
	__u32 first = ctx->optname;

	if (!registry || (void *)(field + 1) > end)
		return -EINVAL;
	for (__u32 slot = 1; slot < PKTMETA_SLOTS; slot++) {
		const struct pktmeta_entry *entry = &registry->entries[slot - 1];
		__u64 layout = *(volatile __u64 *)&registry->layouts[slot];

		if (slot < first || !pktmeta_layout_live(layout) || entry->flags & PKTMETA_FIELD_NO_SOCKETS)
			continue;
		field->id = layout >> 32;
		field->type = entry->type;
		field->size = pktmeta_layout_size(layout);
		field->slot = slot;
		__builtin_memcpy(field->name, entry->name, sizeof(field->name));
		break;
	}
	return sizeof(*field);
}

/* Bytes of answers, or why the whole question is refused. */
static __always_inline int answer(struct bpf_sockopt *ctx, __u32 way, __u32 id)
{
	__u64 difference;
	__u32 size;
	int err;

	if (way == PKTMETA_WAY_FIELDS)
		return answer_field(ctx);
	err = find_field(id, &difference);
	if (err)
		return err;
	size = pktmeta_layout_size(difference);
	if (!room_for(ctx, size))
		return -EINVAL;
	if (way != PKTMETA_WAY_AT)
		return answer_next(ctx, way, id, size);
	err = answer_timestamp(ctx, id);
	return err ? err : PKTMETA_ANSWER_SIZE(size);
}

SEC("cgroup/getsockopt")
int sockets_get(struct bpf_sockopt *ctx)
{
	__u32 level = ctx->level, way = PKTMETA_LEVEL_WAY(level);
	int size;

	if (level >> PKTMETA_LEVEL_BITS != PKTMETA_LEVEL || way >= PKTMETA_WAYS || way == PKTMETA_WAY_MARK ||
	    !is_attached(way) || is_answered(ctx))
		return leave(ctx);
	size = answer(ctx, way, PKTMETA_LEVEL_ID(level));
	count_outcome(way, size < 0 ? size : way == PKTMETA_WAY_FIELDS ? 0 : answered_error(ctx));
	return size < 0 ? refuse(ctx, size) : finish(ctx, size);
}

/* Takes a wish, or takes it back. 0 or an error. */
static __always_inline int note(struct bpf_sockopt *ctx, __u32 way, __u32 id, int is_on)
{
	struct pktmeta_socket_options *options;
	__u64 difference;
	int err;

	if (!ctx->sk)
		return -EINVAL;
	if (way == PKTMETA_WAY_MARK && is_on) {
		err = find_field(id, &difference);
		if (err)
			return err;
		if (pktmeta_layout_size(difference) > sizeof(__u32))
			return -EINVAL;
	}
	if (way == PKTMETA_WAY_AT && is_on &&
	    !bpf_sk_storage_get(&pktmeta_rings, ctx->sk, NULL, BPF_SK_STORAGE_GET_F_CREATE))
		return -ENOMEM;
	if (way == PKTMETA_WAY_BYTES && is_on &&
	    !bpf_sk_storage_get(&pktmeta_runs, ctx->sk, NULL, BPF_SK_STORAGE_GET_F_CREATE))
		return -ENOMEM;
	options = bpf_sk_storage_get(&pktmeta_options, ctx->sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!options)
		return -ENOMEM;
	if (way == PKTMETA_WAY_MARK && is_on)
		options->mark = id;
	if (is_on)
		options->ways |= PKTMETA_WAY_BIT(way);
	else
		options->ways &= ~PKTMETA_WAY_BIT(way);
	return 0;
}

/* Whether a program that runs in front of this one has taken the wish, or has refused it. */
static __always_inline int is_noted(const struct bpf_sockopt *ctx)
{
	return ctx->optlen == -1 || (HAS_SET_RETVAL && bpf_get_retval());
}

SEC("cgroup/setsockopt")
int sockets_set(struct bpf_sockopt *ctx)
{
	__u32 level = ctx->level, way = PKTMETA_LEVEL_WAY(level);
	int *is_on = ctx->optval;
	void *end = ctx->optval_end;
	int err = -EINVAL;

	if (level >> PKTMETA_LEVEL_BITS != PKTMETA_LEVEL || way >= PKTMETA_WAYS || !is_attached(way) ||
	    (way != PKTMETA_WAY_AT && way != PKTMETA_WAY_BYTES && way != PKTMETA_WAY_MARK) || is_noted(ctx))
		return leave(ctx);
	if (ctx->optlen == sizeof(*is_on) && (void *)(is_on + 1) <= end)
		err = note(ctx, way, PKTMETA_LEVEL_ID(level), *is_on);
	if (way == PKTMETA_WAY_MARK)
		count_outcome(way, err);
	if (!err) {
		WRITE_MEMBER(ctx, optlen, -1); /* the kernel is not asked */
		return 1;
	}
	if (HAS_SET_RETVAL)
		bpf_set_retval(err);
	return 0; /* before Linux 5.18: EPERM */
}

/* Which bytes a packet of TCP brings. */
static __always_inline int find_run(const void *skb, struct run *bytes)
{
	const unsigned char *head = OF_SKB(skb, head);
	__u32 network = OF_SKB(skb, network_header), transport = OF_SKB(skb, transport_header);
	struct tcphdr tcp;
	__u32 headers;

	__pktmeta_kernel_read(&tcp, head + transport, sizeof(tcp));
	headers = transport - network + tcp.doff * 4;
	bytes->from = bpf_ntohl(tcp.seq) + tcp.syn;
	bytes->to = bytes->from + OF_SKB(skb, len) - headers;
	return bytes->to - bytes->from - 1 < RUN_LENGTH_MAX;
}

/* The other end has said that it sends no more, by a FIN, which has a sequence number like a byte's. */
static __always_inline int has_ended(__u32 state)
{
	return state == BPF_TCP_CLOSE_WAIT || state == BPF_TCP_LAST_ACK || state == BPF_TCP_CLOSING;
}

static __always_inline void keep_run(struct pktmeta_kept *kept, const void *skb, __u32 state, const __u64 *words)
{
	struct run bytes;
	struct progress progress;

	if (!find_run(skb, &bytes))
		return;
	progress = progress_of(OF_SKB(skb, sk));
	progress.received -= has_ended(state);
	keep_bytes(kept, bytes, progress, words);
}

static __always_inline __u32 mark_of(const struct pktmeta_skb_cursor *c, __u32 id)
{
	__u64 difference, word;
	__u32 size;
	int place;

	if (find_field(id, &difference))
		return 0;
	size = pktmeta_layout_size(difference);
	place = find_value(c, id, difference);
	if (place < 0 || size > sizeof(__u32))
		return 0;
	word = size ? value_word(c->cursor.area + place, size, 0) : 1;
	return *(__u32 *)&word;
}

SEC("cgroup_skb/ingress")
int sockets_ingress(struct __sk_buff *ctx)
{
	struct pktmeta_socket_options *options;
	struct pktmeta_skb_cursor c;
	struct pktmeta_kept *kept;
	__u64 words[AREA_WORDS_MAX];
	struct bpf_sock *sk = ctx->sk;

	if (!sk)
		return 1;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 1;
	options = bpf_sk_storage_get(&pktmeta_options, sk, NULL, 0);
	if (!options || !options->ways)
		return 1;
	pktmeta_open_skb(&c, ctx);
	if (options->ways & PKTMETA_WAY_BIT(PKTMETA_WAY_MARK) && is_attached(PKTMETA_WAY_MARK))
		ctx->mark = mark_of(&c, options->mark);
	copy_area(words, &c);
	if (options->ways & PKTMETA_WAY_BIT(PKTMETA_WAY_AT) && is_attached(PKTMETA_WAY_AT)) {
		__u64 time = ctx->tstamp; /* 0: nobody had asked for the time as the packet came in */

		kept = bpf_sk_storage_get(&pktmeta_rings, sk, NULL, 0);
		if (kept && time)
			ctx->tstamp = keep_datagram(kept, time, words);
	}
	/*
	 * What ends a handshake is looked at for the socket that listens, whatever it brings: the bytes are no stream's
	 * yet, and of the accepted socket they are at the head of the queue.
	 */
	if (options->ways & PKTMETA_WAY_BIT(PKTMETA_WAY_BYTES) && is_attached(PKTMETA_WAY_BYTES) &&
	    sk->protocol == IPPROTO_TCP && sk->state != BPF_TCP_LISTEN) {
		kept = bpf_sk_storage_get(&pktmeta_runs, sk, NULL, 0);
		if (kept && sk->state == BPF_TCP_SYN_SENT)
			forget_bytes(kept);
		else if (kept)
			keep_run(kept, __PKTMETA_SKB(ctx), sk->state, words);
	}
	return 1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
