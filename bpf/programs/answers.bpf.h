/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What a socket's question is answered with, by getsockopt(). */
#ifndef PKTMETA_ANSWERS_BPF_H
#define PKTMETA_ANSWERS_BPF_H

#include <pktmeta/skb.bpf.h>
#include <pktmeta/sockets.h>

#include "words.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pktmeta_asked);
} pktmeta_asked SEC(".maps");

/* The context's members are written where they are: the verifier does not take an address that was computed before. */
#define WRITE_MEMBER(ctx, member, value) \
	asm volatile("*(u32 *)(%0 + %2) = %1" \
		     : \
		     : "r"(ctx), "r"((__u32)(value)), "i"(__builtin_offsetof(struct bpf_sockopt, member)) \
		     : "memory")

static __always_inline enum pktmeta_asked_outcome outcome_of(int err)
{
	switch (err) {
	case 0:
		return PKTMETA_ASKED_ANSWERED;
	case -ENOENT:
		return PKTMETA_ASKED_ENOENT;
	case -EACCES:
		return PKTMETA_ASKED_EACCES;
	case -EINVAL:
		return PKTMETA_ASKED_EINVAL;
	case -EAGAIN:
		return PKTMETA_ASKED_EAGAIN;
	case -EBADMSG:
		return PKTMETA_ASKED_EBADMSG;
	case -ENODATA:
		return PKTMETA_ASKED_ENODATA;
	case -ESTALE:
		return PKTMETA_ASKED_ESTALE;
	case -EFAULT:
		return PKTMETA_ASKED_EFAULT;
	case -EPROTONOSUPPORT:
		return PKTMETA_ASKED_EPROTONOSUPPORT;
	}
	return PKTMETA_ASKED_OTHER;
}

static __always_inline void count_outcome(__u32 way, int err)
{
	__u64 index = way * PKTMETA_ASKED_OUTCOMES + outcome_of(err);
	struct pktmeta_asked *asked;
	__u32 zero = 0;

	__PKTMETA_KEEP(index); /* one number, which the verifier sees compared and used */
	asked = bpf_map_lookup_elem(&pktmeta_asked, &zero);
	if (asked && index < PKTMETA_WAYS * PKTMETA_ASKED_OUTCOMES)
		(&asked->counts[0][0])[index]++;
}

/* Ends a question of another's, or one that nobody here answers: as the kernel has it. */
static __always_inline int leave(struct bpf_sockopt *ctx)
{
	/* What is too large for the kernel to show it, it keeps as it was only if told to. */
	if (ctx->optlen > PKTMETA_ANSWERS_SIZE_MAX)
		WRITE_MEMBER(ctx, optlen, 0);
	return 1;
}

/* Whether programs may choose the error of a call: since Linux 5.18. */
#define HAS_SET_RETVAL bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_set_retval)

/*
 * Whether a program that runs in front of this one has answered: one of a cgroup below, or that was attached here
 * before. The kernel answers none of these questions.
 */
static __always_inline int is_answered(const struct bpf_sockopt *ctx)
{
	int retval = ctx->retval;

	return retval != -EOPNOTSUPP && retval != -ENOPROTOOPT;
}

/* The first answer's error. */
static __always_inline int answered_error(const struct bpf_sockopt *ctx)
{
	const struct pktmeta_answer *answer = ctx->optval;
	const void *end = ctx->optval_end;

	return (const void *)(answer + 1) > end ? 0 : answer->err;
}

/* Refuses a whole question. */
static __always_inline int refuse(struct bpf_sockopt *ctx, int err)
{
	__s32 *answer = ctx->optval;
	void *end = ctx->optval_end;

	if (HAS_SET_RETVAL) {
		WRITE_MEMBER(ctx, optlen, 0);
		bpf_set_retval(err);
		return 1;
	}
	if ((void *)(answer + 1) > end)
		return leave(ctx);
	*answer = err;
	WRITE_MEMBER(ctx, optlen, sizeof(*answer));
	WRITE_MEMBER(ctx, retval, 0);
	return 1;
}

/* Ends a question that has got that many bytes of answers. */
static __always_inline int finish(struct bpf_sockopt *ctx, __u32 size)
{
	WRITE_MEMBER(ctx, optlen, size);
	WRITE_MEMBER(ctx, retval, 0);
	return 1;
}

/*
 * What the registry says of a field that sockets may read: in what its layout word differs from that of a field of this
 * id without bytes at the first place. 0, -ENOENT or -EACCES.
 */
static __always_inline int find_field(__u32 id, __u64 *difference)
{
	const struct pktmeta_registry *registry = __pktmeta_registry();
	__u64 slot = pktmeta_id_slot(id) % PKTMETA_SLOTS;

	__PKTMETA_KEEP(slot); /* the verifier must see that it is one number here and below */
	if (!registry || !slot || slot > PKTMETA_FIELDS_MAX)
		return -ENOENT;
	*difference = pktmeta_layout_difference(__pktmeta_layout_word(registry, id), id, 0);
	if (*difference >> 32)
		return -ENOENT;
	return registry->entries[slot - 1].flags & PKTMETA_FIELD_NO_SOCKETS ? -EACCES : 0;
}

/* Where in an area that is open a field's value lies: 0 or more, or -EFAULT, -ENOENT. */
static __always_inline int find_value(const struct pktmeta_skb_cursor *c, __u32 id, __u64 difference)
{
	const __u64 bits = (1ULL << PKTMETA_PLACE_BITS) - 1;
	int place = __pktmeta_skb_place(c, difference & bits, pktmeta_layout_size(difference));

	return place < 0 || c->fields_set & __pktmeta_bit(id) ? place : -ENOENT;
}

/* A word of a value, with zeros behind it, where another's lies. */
static __always_inline __u64 value_word(const void *value, __u32 size, __u32 index)
{
	return first_bytes(__pktmeta_kernel_word(value + index * 8), size - index * 8);
}

/*
 * Answers with a field of an area, at that many bytes of the buffer. 0, or -EINVAL: the buffer has no room.
 *
 * err: why there is no area, or 0. bytes: what the answer is for.
 */
static __always_inline int answer_at(struct bpf_sockopt *ctx, __u64 offset, const struct pktmeta_skb_cursor *c,
				     __u32 id, int err, __u32 bytes)
{
	void *to = ctx->optval, *end = ctx->optval_end;
	struct pktmeta_answer *answer;
	__u64 difference = 0;
	int place = 0;
	__u32 size;

	if (find_field(id, &difference))
		err = -ENOENT; /* since the question began */
	size = pktmeta_layout_size(difference);
	if (!err)
		place = find_value(c, id, difference);
	if (place < 0)
		err = place;
	if (offset > PKTMETA_ANSWERS_SIZE_MAX)
		return -EINVAL;
	to += offset;
	__PKTMETA_KEEP(to); /* one pointer, of which the verifier learns how far it may go */
#pragma unroll
	for (__u32 i = 0; i < PKTMETA_VALUE_MAX / 8; i++) {
		__u64 *word = to + sizeof(*answer) + i * 8;

		if (i * 8 >= size)
			break;
		if ((void *)(word + 1) > end)
			return -EINVAL;
		*word = err ? 0 : value_word(c->cursor.area + place, size, i);
	}
	answer = to;
	if ((void *)(answer + 1) > end)
		return -EINVAL;
	answer->err = err;
	answer->size = size;
	answer->bytes = bytes;
	return 0;
}

#endif /* PKTMETA_ANSWERS_BPF_H */
