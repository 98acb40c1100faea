// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Gets each field of each packet, counts it, keeps its last value, takes statistics of some, and gives it to its sink.
 *
 * Bits of fields are kept in the state: in a register the verifier would know them, and follow each of their
 * combinations on its own.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define PKTMETA_COUNT
#include <pktmeta/pktmeta.bpf.h>

#include "by_id.bpf.h"
#include "steps.bpf.h"
#include "decode.bpf.h"
#include "tc.bpf.h"

#define NO_QUEUE_MAPPING 0xffff /* the kernel's: writes of it or more are ignored */
#define FIRST_VALUES 16         /* of which statistics are taken on each CPU, whatever the sample */

/* How many bits a number needs: 0 to 64. Without branches, of which the verifier would follow each combination. */
static __always_inline __u32 bit_length(__u64 number)
{
	__u32 bits = 0;

#pragma unroll
	for (__u32 shift = 32; shift; shift /= 2) {
		__u64 negative =
			-(number >> shift); /* begins with a one unless it is 0, as there are fewer than 2^63 */
		__u32 step;

		__PKTMETA_KEEP(negative);
		step = (negative >> 63) * shift;
		number >>= step;
		bits += step;
	}
	return bits + (__u32)number;
}

static __always_inline int has(const __u32 *bits, const volatile struct pktmeta_step *step)
{
	return *(const volatile __u32 *)bits & step->bit;
}

static __always_inline void store(__u32 *bits, __u32 value)
{
	*(volatile __u32 *)bits = value;
}

/* Begun anew for the field that is in the slot by now; the id last, for readers. */
static __attribute__((noinline)) int begin_statistics(struct pktmeta_statistics *statistics, __u32 id)
{
	*(volatile __u32 *)&statistics->id = 0;
	statistics->values = 0;
	statistics->minimum = ~0ULL;
	statistics->maximum = 0;
	__builtin_memset(statistics->histogram, 0, sizeof(statistics->histogram));
	*(volatile __u32 *)&statistics->id = id;
	return 0;
}

/*
 * Takes statistics of one step's field, from its last value. One function for all fields, since it runs for one packet
 * in many, so that a copy for each would be in no cache; and a global one, which the verifier checks once.
 */
__attribute__((noinline)) int measure(__u32 index)
{
	struct pktmeta_state *state = __pktmeta_state();
	const volatile struct pktmeta_step *step;
	struct pktmeta_statistics *statistics;
	__u32 id, slot, bucket;
	__u64 number;

	if (!state || index >= PKTMETA_FIELDS_MAX)
		return 0;
	step = &pktmeta_table.steps[index];
	id = step->id;
	slot = pktmeta_id_slot(id) % PKTMETA_SLOTS;
	statistics = &state->statistics[slot];
	if (decode(&state->last_word[slot], step->type, &number))
		return 0;
	bucket = bit_length(number);
	if (statistics->id != id)
		begin_statistics(statistics, id);
	if (number < statistics->minimum)
		statistics->minimum = number;
	if (number > statistics->maximum)
		statistics->maximum = number;
	if (bucket < PKTMETA_HISTOGRAM_BUCKETS)
		statistics->histogram[bucket]++;
	statistics->values++;
	if (statistics->values >= FIRST_VALUES)
		state->settled |= step->bit;
	return 0;
}

/*
 * Sinks store to the context through volatile: the verifier knows each member at its own offset and width only, so
 * the compiler must not join stores.
 */

/* Shifted to the mask's lowest bit, which multiplies by that bit. */
static __always_inline int sink_mark(volatile struct __sk_buff *skb, __u32 mask, __u64 number)
{
	__u64 bits = number * (mask & -mask);

	if (bits & ~(__u64)mask)
		return -ERANGE;
	skb->mark = (skb->mark & ~mask) | (__u32)bits;
	return 0;
}

static __always_inline int sink_queue_mapping(volatile struct __sk_buff *skb, __u64 number)
{
	if (number >= NO_QUEUE_MAPPING)
		return -ERANGE;
	skb->queue_mapping = number;
	return 0;
}

/*
 * When the packet was received, for SO_TIMESTAMP. Of a packet that leaves it is when it is to leave (etf, fq): a time
 * that has passed is no such time.
 */
static __always_inline int sink_tstamp(volatile struct __sk_buff *skb, __u64 number)
{
	if (pktmeta_at_egress)
		return -EOPNOTSUPP;
	skb->tstamp = number;
	return 0;
}

/* Beside the packet, where the NIC's driver has put it: the area stays where it is. */
static __always_inline int sink_vlan(volatile struct __sk_buff *skb, __u64 number)
{
	if (number > 0xffff)
		return -ERANGE;
	if (skb->vlan_present)
		return skb->vlan_tci == number ? 0 : -EEXIST;
	return bpf_skb_vlan_push((struct __sk_buff *)skb, bpf_htons(ETH_P_8021Q), number);
}

static __always_inline void sink(volatile struct __sk_buff *skb, struct pktmeta_state *state,
				 const volatile struct pktmeta_step *step)
{
	__u64 number;
	int err = 0;

	if (step->sink == PKTMETA_SINK_NONE || !has(&state->gathered, step))
		return;
	if (decode(state_of(state, step)->last_word, step->type, &number))
		return;
	switch (step->sink) {
	case PKTMETA_SINK_MARK:
		err = sink_mark(skb, step->sink_mask, number);
		break;
	case PKTMETA_SINK_PRIORITY:
		skb->priority = number;
		break;
	case PKTMETA_SINK_QUEUE_MAPPING:
		err = sink_queue_mapping(skb, number);
		break;
	case PKTMETA_SINK_RX_HASH:
		err = bpf_set_hash((struct __sk_buff *)skb, number);
		break;
	case PKTMETA_SINK_TSTAMP:
		err = sink_tstamp(skb, number);
		break;
	case PKTMETA_SINK_VLAN:
		err = sink_vlan(skb, number);
		break;
	}
	if (err)
		state_of(state, step)->counts[PKTMETA_COUNTER_NOT_SUNK][0]++;
	else
		state_of(state, step)->counts[PKTMETA_COUNTER_SUNK][0]++;
}

/* Gets a slot's field where the table says. */
static __always_inline void gather(void *area, struct pktmeta_state *state, __u32 slot)
{
	__u32 place = pktmeta_table.places[slot];
	__u32 size = place >> 8;
	void *from = area + (place & 0xff);

	if (size <= sizeof(__u64))
		MOVE_WORD(&state->last_word[slot], from, size);
	else
		MOVE_MORE(state->last_bytes[slot], from, size);
}

/*
 * Gets a step's field, its place looked up.
 *
 * A function for all steps, with sizes that are known only as it runs, which the verifier checks once and apart from
 * its callers: a copy for each step took it a hundred thousand instructions.
 */
__attribute__((noinline)) int get_by_id(struct __sk_buff *skb, __u32 index)
{
	const volatile struct pktmeta_step *step;
	struct __pktmeta_place place;
	struct pktmeta_state *state;
	struct pktmeta_cursor c;
	__u32 size, slot, carried;
	int err;

	if (index >= PKTMETA_FIELDS_MAX)
		return 0;
	step = &pktmeta_table.steps[index];
	size = step->size;
	slot = pktmeta_id_slot(step->id) % PKTMETA_SLOTS;
	reopen(&c, skb);
	if (!__pktmeta_has_counts(&c.counts))
		return 0;
	state = c.counts.state;
	err = __pktmeta_locate(&c, step->id, size, &place);
	carried = !err && __pktmeta_fields_set(&c) & __pktmeta_bit(step->id);
	if (carried && size <= sizeof(__u64))
		err = load_bytes(&state->last_word[slot], place.value, c.end, size);
	else if (carried)
		err = load_bytes(state->last_bytes[slot], place.value, c.end, size);
	if (carried && !err)
		state->gathered |= __pktmeta_bit(step->id);
	__pktmeta_count_get(&c.counts, step->id, err, carried && !err);
	return 0;
}

static __always_inline void gather_placed(void *area, struct pktmeta_state *state)
{
	__u32 asked = pktmeta_table.asked;

	store(&state->gathered, *fields_set(area) & asked);
#define RUN(slot) \
	if (asked & 1U << (slot)) { \
		if (*(volatile __u32 *)&state->gathered & 1U << (slot)) { \
			gather(area, state, slot); \
			state->counts[PKTMETA_COUNTER_GOT][slot]++; \
		} else { \
			state->counts[PKTMETA_COUNTER_NOT_SET][slot]++; \
			asm volatile("# " #slot); /* no code is shared with the other branch */ \
		} \
	}
	FOR_EACH_SLOT(RUN)
#undef RUN
}

/* Of a packet that has no area: each get is refused. */
static __always_inline void gather_none(struct pktmeta_state *state)
{
	store(&state->gathered, 0);
#define RUN(step) \
	if (!(step)->id) \
		return; \
	state_of(state, (step))->counts[PKTMETA_COUNTER_GET_EFAULT][0]++;
	FOR_EACH_STEP(RUN)
#undef RUN
}

static __always_inline void gather_by_id(struct pktmeta_state *state, struct __sk_buff *skb)
{
	store(&state->gathered, 0);
#pragma clang loop unroll(disable)
	for (__u64 index = 0; index < PKTMETA_FIELDS_MAX; index++) {
		if (!pktmeta_table.steps[index].id)
			return;
		get_by_id(skb, index);
	}
}

static __always_inline void gather_all(const struct pktmeta_cursor *c, struct pktmeta_state *state,
				       struct __sk_buff *skb)
{
	void *area;

	if (has_places(c, skb, &area))
		gather_placed(area, state);
	else if (!__pktmeta_is_open(c) && is_as_loaded(c))
		gather_none(state);
	else
		gather_by_id(state, skb);
}

/* Of fields that the packet before carried, and this one does not. */
static __attribute__((noinline)) int keep_times(struct pktmeta_state *state)
{
#pragma unroll
	for (__u32 slot = 1; slot < PKTMETA_SLOTS; slot++)
		if (*(volatile __u32 *)&state->selected & 1U << slot)
			state->last_time[slot] = state->last_seen;
	return 0;
}

static __always_inline __u64 now(void)
{
	return pktmeta_table.fine_clock ? bpf_ktime_get_ns() : bpf_ktime_get_coarse_ns();
}

/* One time for all fields of a packet: of each it is kept once the next packet has not got it. */
static __always_inline void keep_time(struct pktmeta_state *state)
{
	__u32 gathered = *(volatile __u32 *)&state->gathered;
	__u32 dropped = state->carried & ~gathered;

	if (dropped) {
		store(&state->selected, dropped);
		keep_times(state);
	}
	store(&state->carried, gathered);
	if (gathered)
		*(volatile __u64 *)&state->last_seen = now();
}

/* The registry has changed: a slot may be another field's by now, and then has no last value yet. */
static __always_inline void adopt(struct pktmeta_state *state)
{
	if (!pktmeta_table.revision || state->revision == pktmeta_table.revision)
		return;
	/* Those that the packet before carried, for the fields that they were then. */
	store(&state->selected, state->carried);
	keep_times(state);
	store(&state->carried, 0);
#pragma clang loop unroll(disable)
	for (__u64 index = 0; index < PKTMETA_FIELDS_MAX; index++) {
		const volatile struct pktmeta_step *step = &pktmeta_table.steps[index];
		__u32 slot = pktmeta_id_slot(step->id) % PKTMETA_SLOTS;

		if (!step->id)
			break;
		if (state->last_id[slot] == step->id)
			continue;
		state->last_time[slot] = 0;
		state->last_id[slot] = step->id;
	}
	state->settled = 0;
	state->revision = pktmeta_table.revision;
}

/* Of a slot whose state began anew with a reset that the state does not know of: serial numbers, as of generations. */
static __always_inline int has_begun_since(const struct pktmeta_registry *registry, __u32 slot, __u32 known)
{
	return (__s32)(*(const volatile __u32 *)&registry->began[slot] - known) > 0;
}

/*
 * States of fields have begun anew: those that did have no last value and no statistics yet. Their counters go on, from
 * another baseline.
 *
 * The loader stores which ones did before it stores that some did, so the latter is to be loaded first: what else is
 * loaded is at an address that depends on it. The time of slot 0 is stored last, for readers.
 */
static __attribute__((noinline)) int begin_anew(struct pktmeta_state *state, const struct pktmeta_registry *registry)
{
	__u64 resets = *(const volatile __u64 *)&registry->resets;
	__u32 known = state->last_time[0];
	__u64 nothing = resets;

	asm volatile("%0 &= 0" : "+r"(nothing));
	registry = (const void *)registry + nothing;
	store(&state->selected, state->carried);
	keep_times(state);
	store(&state->carried, 0);
#pragma clang loop unroll(disable)
	for (__u32 slot = 1; slot < PKTMETA_SLOTS; slot++) {
		if (!has_begun_since(registry, slot, known))
			continue;
		*(volatile __u64 *)&state->last_time[slot] = 0;
		*(volatile __u32 *)&state->statistics[slot].id = 0;
		state->settled &= ~(1U << slot);
	}
	*(volatile __u64 *)&state->last_time[0] = resets;
	return 0;
}

/* Which of the packet's fields statistics are taken of. */
static __always_inline __u32 select_fields(struct pktmeta_state *state)
{
	__u32 gathered = *(volatile __u32 *)&state->gathered & pktmeta_table.numbers;

	if (!pktmeta_table.statistics)
		return 0;
	return state->consumed++ & (pktmeta_table.statistics - 1) ? gathered & ~state->settled : gathered;
}

SEC("tc")
int consumer(struct __sk_buff *skb)
{
	struct pktmeta_state *state;
	struct pktmeta_cursor c;

	pktmeta_open(&c, skb);
	state = c.counts.state;
	if (!state)
		return TCX_NEXT;
	if (c.registry && *(const volatile __u64 *)&c.registry->resets != state->last_time[0])
		begin_anew(state, c.registry);
	adopt(state);
	gather_all(&c, state, skb);
	keep_time(state);
	if (!pktmeta_table.sinks)
		goto sunk;
#define RUN(step) \
	if (!(step)->id) \
		goto sunk; \
	sink(skb, state, (step));
	FOR_EACH_STEP(RUN)
#undef RUN
sunk:
	store(&state->selected, select_fields(state));
	if (!*(volatile __u32 *)&state->selected)
		return TCX_NEXT;
#pragma clang loop unroll(disable)
	for (__u64 index = 0; index < PKTMETA_FIELDS_MAX; index++) {
		const volatile struct pktmeta_step *step = &pktmeta_table.steps[index];

		if (!step->id)
			return TCX_NEXT;
		if (has(&state->selected, step))
			measure(index);
	}
	return TCX_NEXT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
