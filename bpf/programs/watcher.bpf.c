// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Tells user space of packets: which fields they carry with which values, and whose they are. It only reads: no packet,
 * mark or count of others is any different for it.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include <pktmeta/pktmeta.bpf.h>
#include <pktmeta/watch.h>

#include "steps.bpf.h"
#include "by_id.bpf.h"
#include "tc.bpf.h"

const volatile struct pktmeta_watch_settings pktmeta_watch = {};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pktmeta_watch_values);
} pktmeta_values SEC(".maps");

const volatile __u8 pktmeta_no_ethernet = 0; /* the interface's packets have no such header */

/*
 * Loads a header: in place, which most are, or by a call, since what a packet has beyond its first page is not in
 * reach. Without an Ethernet header, offsets count from the network header: what is in front of it is each kind of
 * tunnel's own.
 */
static __always_inline long load_far(struct __sk_buff *skb, __u32 offset, void *to, __u32 size)
{
	if (pktmeta_no_ethernet)
		return bpf_skb_load_bytes_relative(skb, offset, to, size, BPF_HDR_START_NET);
	return bpf_skb_load_bytes(skb, offset, to, size);
}

#define PACKET struct __sk_buff
#define load(skb, offset, to) \
	({ \
		const __typeof__(*(to)) *__from = __PKTMETA_POINTER(skb, data) + (offset); \
		long __err = 0; \
		if (!pktmeta_no_ethernet && (void *)(__from + 1) <= __PKTMETA_POINTER(skb, data_end)) \
			*(to) = *__from; \
		else \
			__err = load_far(skb, offset, to, sizeof(*(to))); \
		__err; \
	})

#include "events.bpf.h"

/* The EtherType, behind VLAN tags, of a packet with such a header, and where the next header is; 0 if it has none. */
static __always_inline __be16 read_ethernet(struct __sk_buff *skb, __u32 *offset)
{
	__be16 ethertype = 0;

	if (load(skb, offsetof(struct ethhdr, h_proto), &ethertype))
		return 0;
	*offset = sizeof(struct ethhdr);
	return skip_tags(skb, ethertype, offset);
}

/* Whose packet it is. */
static __always_inline void read_flow(struct __sk_buff *skb, struct pktmeta_flow *flow, struct addresses *addresses)
{
	__u32 offset = 0;
	__be16 ethertype = pktmeta_no_ethernet ? skb->protocol : read_ethernet(skb, &offset);

	read_network(skb, offset, ethertype, flow, addresses);
}

static __always_inline void zero_value(__u64 *value)
{
#pragma unroll
	for (int i = 0; i < PKTMETA_VALUE_MAX / 8; i++)
		value[i] = 0;
}

static __always_inline int compare_bytes(const __u64 *value, const volatile struct pktmeta_condition *condition)
{
	__u64 differences = 0;

#pragma unroll
	for (int i = 0; i < PKTMETA_VALUE_MAX / 8; i++)
		if (condition->size > i * 8)
			differences |= value[i] ^ condition->value[i];
	return differences != 0;
}

/* Whether a value that the packet carries, zeros behind it, is as the condition asks. */
static __always_inline int holds(const __u64 *value, const volatile struct pktmeta_condition *condition)
{
	__u64 number = 0;

	decode(value, condition->type, &number);
	return is_as_asked(condition, compare_bytes(value, condition), number);
}

static __always_inline int matches_conditions(const struct pktmeta_cursor *c, __u64 *value)
{
#pragma unroll
	for (int i = 0; i < PKTMETA_CONDITIONS_MAX; i++) {
		const volatile struct pktmeta_condition *condition = &pktmeta_watch.filter.conditions[i];

		if (condition->comparison == PKTMETA_COMPARE_NONE)
			break;
		zero_value(value);
		if (pktmeta_get(c, condition->id, value, condition->size) || !holds(value, condition))
			return 0;
	}
	return 1;
}

/* Gets a step's field, its place looked up; one function for all steps, which the verifier checks once. */
__attribute__((noinline)) int get_by_id(struct __sk_buff *skb, __u32 index)
{
	const volatile struct pktmeta_step *step;
	struct pktmeta_watch_values *values;
	struct __pktmeta_place place;
	struct pktmeta_cursor c;
	__u32 offset, zero = 0;

	if (index >= PKTMETA_FIELDS_MAX)
		return 0;
	step = &pktmeta_table.steps[index];
	offset = pktmeta_watch.offsets[index] - sizeof(struct pktmeta_event);
	values = bpf_map_lookup_elem(&pktmeta_values, &zero);
	if (!values || offset >= PKTMETA_WATCH_VALUES_MAX)
		return 0;
	reopen(&c, skb);
	if (__pktmeta_locate(&c, step->id, step->size, &place) || !(__pktmeta_fields_set(&c) & step->bit))
		return 0;
	if (!load_bytes((void *)values->words + offset, place.value, c.end, step->size))
		values->carried |= step->bit;
	return 0;
}

/* Gets all fields of a packet whose area has not the layout of the table. */
static __always_inline struct pktmeta_watch_values *get_all_by_id(struct __sk_buff *skb)
{
	struct pktmeta_watch_values *values;
	__u32 zero = 0;

	values = bpf_map_lookup_elem(&pktmeta_values, &zero);
	if (!values)
		return NULL;
	values->carried = 0;
#pragma clang loop unroll(disable)
	for (__u64 index = 0; index < PKTMETA_FIELDS_MAX; index++) {
		if (!pktmeta_table.steps[index].id)
			break;
		get_by_id(skb, index);
	}
	return values;
}

/* Copies the words of the area that are asked for, of a packet whose fields lie where the table says. */
static __always_inline void copy_area(struct pktmeta_event *event, struct __sk_buff *skb)
{
	void *area = __PKTMETA_POINTER(skb, data_meta);
	__u32 words = pktmeta_watch.words;
	void *to = event + 1;

	if (area + pktmeta_table.capacity > __PKTMETA_POINTER(skb, data))
		return;
#define RUN(word) \
	if (words & 1U << (word)) { \
		MOVE(__u64, to, area + (word) * sizeof(__u64)); \
		to += sizeof(__u64); \
	}
	RUN(0)
	FOR_EACH_SLOT(RUN) /* words 1 to 31: an area has fewer */
#undef RUN
}

static __always_inline void copy_values(struct pktmeta_event *event, const struct pktmeta_watch_values *values)
{
	__u32 size = pktmeta_watch.event_size - sizeof(*event);
	void *to = event + 1;

#pragma unroll
	for (__u32 i = 0; i < PKTMETA_WATCH_VALUES_MAX / 8; i++)
		if (i * sizeof(__u64) < size)
			MOVE(__u64, to + i * sizeof(__u64), &values->words[i]);
}

static __always_inline void copy_addresses(struct pktmeta_event *event, __u8 family, const struct addresses *addresses)
{
	__u32 *to = (void *)event + pktmeta_watch.event_size;

	if (family == 6) {
		__builtin_memcpy(to, addresses, sizeof(*addresses));
	} else {
		to[0] = addresses->source[0];
		to[1] = addresses->destination[0];
	}
}

/* With the values that were got by id, or the packet's area. */
static __always_inline void write_event(struct __sk_buff *skb, const struct pktmeta_flow *flow,
					const struct addresses *addresses, __u32 carried,
					const struct pktmeta_watch_values *values, struct pktmeta_event_counts *counts)
{
	__u32 size = pktmeta_watch.event_size;
	struct pktmeta_event *event;
	__u64 time;

	/* Each way with a size that the verifier knows. */
	if (flow->family == 6)
		event = bpf_ringbuf_reserve(&pktmeta_events, size + sizeof(*addresses), 0);
	else
		event = bpf_ringbuf_reserve(&pktmeta_events, size + 2 * sizeof(__u32), 0);
	if (!event) {
		counts->dropped++;
		return;
	}
	time = bpf_ktime_get_ns();
	event->time = time;
	event->table = pktmeta_watch.table;
	event->ifindex = skb->ifindex;
	event->length = skb->len;
	event->carried = carried;
	event->flow = *flow;
	if (values)
		copy_values(event, values);
	else if (carried)
		copy_area(event, skb);
	copy_addresses(event, flow->family, addresses);
	counts->written++;
	bpf_ringbuf_submit(event, wake_up(counts, time, pktmeta_watch.wake_after));
}

SEC("tc")
int watcher(struct __sk_buff *skb)
{
	__u64 value[PKTMETA_VALUE_MAX / 8] = {};
	struct pktmeta_watch_values *values = NULL;
	struct pktmeta_event_counts *counts;
	struct addresses addresses = {};
	struct pktmeta_flow flow = {};
	struct pktmeta_cursor c;
	__u32 carried = 0;
	__u32 zero = 0;
	void *area;

	counts = bpf_map_lookup_elem(&pktmeta_seen, &zero);
	if (!counts)
		return TCX_NEXT;
	counts->seen++;
	pktmeta_open(&c, skb);
	if (has_places(&c, skb, &area)) {
		carried = *fields_set(area) & pktmeta_table.asked;
	} else if (__pktmeta_is_open(&c)) {
		values = get_all_by_id(skb);
		if (!values)
			return TCX_NEXT;
		carried = values->carried;
	}
	if (!pktmeta_watch.filter.all && !carried)
		return TCX_NEXT;
	if (!matches_conditions(&c, value))
		return TCX_NEXT;
	read_flow(skb, &flow, &addresses);
	if (!matches_flow(&flow, &addresses, &pktmeta_watch.filter))
		return TCX_NEXT;
	counts->matched++;
	if (pktmeta_watch.sample && counts->matched % pktmeta_watch.sample != 1 % pktmeta_watch.sample)
		return TCX_NEXT;
	write_event(skb, &flow, &addresses, carried, values, counts);
	return TCX_NEXT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
