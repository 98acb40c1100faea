/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Whether a packet has the values that a trace asks for. What most packets of a trace cost is decided here: of those
 * that are not asked for, as little is read as shows it.
 */
#ifndef PKTMETA_ASKED_BPF_H
#define PKTMETA_ASKED_BPF_H

#include <pktmeta/skb.bpf.h>
#include <pktmeta/trace.h>

#include "events.bpf.h"
#include "words.bpf.h"

const volatile struct pktmeta_trace_settings pktmeta_trace = {};

/* The difference of a field's layout word from what the condition asks for (pktmeta_layout_difference()). */
static __always_inline __u64 find_field(const struct pktmeta_registry *registry,
					const volatile struct pktmeta_condition *condition)
{
	__u32 id = condition->id;

	return pktmeta_layout_difference(__pktmeta_layout_word(registry, id), id, condition->size);
}

/* Whether the value that lies there is as the condition asks. What lies behind it is another's. */
static __always_inline int holds(const void *place, const volatile struct pktmeta_condition *condition)
{
	__u64 first = 0, differences = 0, number = 0;
	__u32 size = condition->size;

#pragma unroll
	for (__u32 i = 0; i < PKTMETA_VALUE_MAX / 8; i++) {
		__u64 word;

		if (i * 8 >= size)
			break;
		word = first_bytes(__pktmeta_kernel_word(place + i * 8), size - i * 8);
		differences |= word ^ condition->value[i];
		if (i == 0)
			first = word;
	}
	__PKTMETA_KEEP(first); /* or the compiler puts it together of its bytes */
	decode(&first, condition->type, &number);
	return is_as_asked(condition, differences != 0, number);
}

/*
 * Whether a packet cannot be one that is asked for, by what lies where it would have its area: that is nothing of ours,
 * or has not the value that the first condition asks for. Spares most packets the question whether it is their area,
 * and is right whatever lies there, since what is none has not got the value either.
 */
static __attribute__((noinline)) int is_out_of_question(const void *skb)
{
	const volatile struct pktmeta_condition *condition = &pktmeta_trace.filter.conditions[0];
	struct pktmeta_header header;
	struct __pktmeta_frame frame;
	const void *area;
	__u64 difference;
	int offset;

	if (condition->comparison == PKTMETA_COMPARE_NONE && pktmeta_trace.filter.all)
		return 0;
	__pktmeta_read_frame(&frame, skb);
	area = __pktmeta_skb_area(&frame, __PKTMETA_SEAL(CAPACITY), 0);
	if (!area)
		return 1;
	header = __pktmeta_skb_header(area);
	if (header.seal != __PKTMETA_SEAL(HEADER))
		return 1;
	if (condition->comparison == PKTMETA_COMPARE_NONE)
		return !header.fields_set;
	if (!(header.fields_set & __pktmeta_bit(condition->id)))
		return 1;
	difference = find_field(__pktmeta_registry(), condition);
	if (difference >> PKTMETA_PLACE_BITS)
		return 1;
	offset = __pktmeta_skb_offset(difference, condition->size);
	return offset < 0 || !holds(area + offset, condition);
}

static __always_inline int matches_conditions(const struct pktmeta_skb_cursor *c)
{
#pragma clang loop unroll(disable)
	for (int i = 0; i < PKTMETA_CONDITIONS_MAX; i++) {
		const volatile struct pktmeta_condition *condition = &pktmeta_trace.filter.conditions[i];
		__u64 difference;
		int place;

		if (condition->comparison == PKTMETA_COMPARE_NONE)
			break;
		difference = find_field(c->cursor.registry, condition);
		if (difference >> PKTMETA_PLACE_BITS || !(c->fields_set & __pktmeta_bit(condition->id)))
			return 0;
		place = __pktmeta_skb_place(c, difference, condition->size);
		if (place < 0 || !holds(c->cursor.area + place, condition))
			return 0;
	}
	return 1;
}

#endif /* PKTMETA_ASKED_BPF_H */
