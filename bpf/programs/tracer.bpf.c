// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Follows packets through the kernel: tells user space where each is seen, with its fields, and where it is dropped. It
 * begins with a packet that is asked for, by what it carries and whose it is, and then knows it by its address, also
 * where its area is lost. It only reads.
 *
 * A packet's address, that of its struct sk_buff, is used again as soon as it is free, and not every way to free one is
 * told. So what is known of an address ends where the kernel tells that the packet ends, and where a packet comes that
 * is another one by what it says (identity.bpf.h). Where a packet's memory (head) is another than before, the kernel
 * has given it a larger one or the address is another packet's by now: from there on, the events say so.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/ptrace.h>
#if defined(__TARGET_ARCH_x86) || defined(__TARGET_ARCH_arm64)
#include <bpf/bpf_tracing.h>
#else
#error "The registers of this architecture are not known: -D__TARGET_ARCH_..."
#endif
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include <pktmeta/skb.bpf.h>
#include <pktmeta/trace.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pktmeta_trace_control);
} pktmeta_control SEC(".maps");

/* By the address of a struct sk_buff. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PKTMETA_TRACE_FOLLOWED_MAX);
	__type(key, __u64);
	__type(value, struct pktmeta_followed);
} pktmeta_followed SEC(".maps");

/* By the address of a packet's memory; also of packets that have ended, which copies outlive. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PKTMETA_TRACE_FOLLOWED_MAX);
	__type(key, __u64);
	__type(value, struct pktmeta_original);
} pktmeta_heads SEC(".maps");

/* What the kernel has, as far as it is read here. */
struct net___trace {
	__u64 net_cookie;
	struct {
		unsigned int inum;
	} ns;
} __attribute__((preserve_access_index));

struct net_device___trace {
	char name[16];
	int ifindex;
	struct {
		struct net___trace *net;
	} nd_net;
} __attribute__((preserve_access_index));

struct sk_buff___trace {
	unsigned char *head;
	unsigned char *data;
	__u32 tail; /* bytes from head, on machines of 64 bits */
	__u32 len;
	__u16 network_header;
	__u16 inner_network_header;
	__be16 protocol;
	__u8 cloned : 1;
	int skb_iif; /* the interface that has received it; 0: it is one of this host's own */
	struct net_device___trace *dev;
} __attribute__((preserve_access_index));

struct nf_hook_state___trace {
	__u8 hook;
	__u8 pf;
} __attribute__((preserve_access_index));

enum skb_drop_reason___trace {
	SKB_DROP_REASON_NOT_SPECIFIED___trace = 2,
};

#define MEMBER(skb, member) __PKTMETA_KERNEL_MEMBER(struct sk_buff___trace, skb, member)

/* Headers of a packet, from the network header on: those of them that lie in its memory. */
struct headers {
	const void *network;
	const void *end;
};

#define PACKET const struct headers
#define load(headers, offset, to) \
	({ \
		const void *__from = (headers)->network + (offset); \
		long __err = -EFAULT; \
		if (__from + sizeof(*(to)) <= (headers)->end) { \
			__pktmeta_kernel_read(to, __from, sizeof(*(to))); \
			__err = 0; \
		} \
		__err; \
	})

#include "events.bpf.h"
#include "asked.bpf.h"

/* A packet at a station. */
struct visit {
	const void *skb;
	__u64 function;
	__u32 reason;
	__u8 station;
	__u8 has_device; /* skb->dev is what it says */
	__u8 at_data;    /* the network header is not known yet, and is where skb->data is */
	__u8 is_read;
	__u8 is_hook;
	__u8 hook, family;
};

/* Finds where the packet's headers lie; the type of the network header, which is at the offset. */
static __always_inline __be16 find_headers(const struct visit *visit, struct headers *headers, __u32 *offset)
{
	const void *skb = visit->skb;
	const unsigned char *head = MEMBER(skb, head);

	headers->end = head + MEMBER(skb, tail);
	headers->network = visit->at_data ? MEMBER(skb, data) : head + MEMBER(skb, network_header);
	return skip_tags(headers, MEMBER(skb, protocol), offset);
}

/* Whose packet it is. */
static __always_inline void read_flow(const struct visit *visit, struct pktmeta_flow *flow, struct addresses *addresses)
{
	struct headers headers;
	__u32 offset = 0;
	__be16 ethertype = find_headers(visit, &headers, &offset);

	read_network(&headers, offset, ethertype, flow, addresses);
}

#include "identity.bpf.h"

/*
 * Whether a packet is one of those to be followed. Without an area, that takes an interface, or it may be no packet.
 *
 * sight: whose packet it is, then.
 */
static __attribute__((noinline)) int is_asked_for(const struct visit *visit, const struct pktmeta_skb_cursor *c,
						  struct sight *sight)
{
	if (!c->fields_set && !(pktmeta_trace.filter.all && visit->has_device))
		return 0;
	if (!matches_conditions(c))
		return 0;
	__builtin_memset(sight, 0, sizeof(*sight));
	read_flow(visit, &sight->flow, &sight->addresses);
	return matches_flow(&sight->flow, &sight->addresses, &pktmeta_trace.filter);
}

/* Numbers from each CPU's own count, and no CPU's is 0. */
static __always_inline __u64 new_number(const struct pktmeta_event_counts *counts)
{
	return counts->matched << 16 | bpf_get_smp_processor_id();
}

/* Has copies found by the memory that they share with the packet. */
static __attribute__((noinline)) int keep_original(__u64 head, __u64 number, const struct sight *sight)
{
	struct pktmeta_original new = {.number = number, .identity = sight->identity};

	return bpf_map_update_elem(&pktmeta_heads, &head, &new, BPF_ANY);
}

/*
 * Says which packet shares its memory with one that is new, and says the same; 0 if none. The kernel marks both. Where
 * no mark is, or the packet says other things, the memory has been another packet's before.
 */
static __always_inline __u64 find_original(const void *skb, __u64 head, const struct sight *sight)
{
	const struct sk_buff___trace *copy = skb;
	struct pktmeta_original *known = bpf_map_lookup_elem(&pktmeta_heads, &head);

	if (known && is_same(&known->identity, &sight->identity) && BPF_CORE_READ_BITFIELD_PROBED(copy, cloned))
		return known->number;
	return 0;
}

/* Begins with a packet, if there is room; the number of the one it shares its memory with, or 0. */
static __attribute__((noinline)) __u64 begin(__u64 skb, __u64 head, const struct sight *sight, __u64 number)
{
	struct pktmeta_followed new = {.head = head, .number = number};

	if (bpf_map_update_elem(&pktmeta_followed, &skb, &new, BPF_ANY))
		return 0;
	return find_original((const void *)skb, head, sight);
}

static __always_inline int is_end(__u8 station)
{
	return station == PKTMETA_STATION_FREED || station == PKTMETA_STATION_DROPPED;
}

static __always_inline void tell_interface(struct pktmeta_trace_event *event, const void *skb)
{
	struct net_device___trace *device = MEMBER(skb, dev);
	struct net___trace *net = NULL;

	bpf_core_read(&event->ifindex, sizeof(event->ifindex), &device->ifindex);
	bpf_core_read(&event->interface, sizeof(event->interface), &device->name);
	bpf_core_read(&net, sizeof(net), &device->nd_net.net);
	bpf_core_read(&event->netns, sizeof(event->netns), &net->ns.inum);
	if (bpf_core_field_exists(net->net_cookie))
		bpf_core_read(&event->netns_cookie, sizeof(event->netns_cookie), &net->net_cookie);
}

static __always_inline void tell_area(struct pktmeta_trace_event *event, const struct pktmeta_skb_cursor *c)
{
	__u32 size = __PKTMETA_SEAL(CAPACITY) - PKTMETA_HEADER_SIZE - PKTMETA_TRAILER_SIZE;

	event->flags |= PKTMETA_TRACE_AREA;
	event->fields_set = c->fields_set;
	event->generation = c->cursor.stamp - __PKTMETA_SEAL(BASE);
	bpf_probe_read_kernel(event + 1, size, c->cursor.area + PKTMETA_HEADER_SIZE);
}

static __always_inline void tell(const struct visit *visit, const struct pktmeta_skb_cursor *c,
				 const struct pktmeta_followed *followed, const struct sight *sight, __u64 copy_of,
				 __u8 flags, struct pktmeta_event_counts *counts)
{
	struct pktmeta_trace_event *event;

	event = bpf_ringbuf_reserve(
		&pktmeta_events, sizeof(*event) + __PKTMETA_SEAL(CAPACITY) - PKTMETA_HEADER_SIZE - PKTMETA_TRAILER_SIZE,
		0);
	if (!event) {
		counts->dropped++;
		return;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->time = bpf_ktime_get_ns();
	event->number = followed->number;
	event->copy_of = copy_of;
	event->function = visit->function;
	event->reason = visit->reason;
	event->length = MEMBER(visit->skb, len);
	event->station = visit->station;
	event->flags = flags | (followed->is_unsure ? PKTMETA_TRACE_UNSURE : 0);
	if (visit->is_hook) {
		event->flags |= PKTMETA_TRACE_HOOK;
		event->hook = visit->hook;
		event->family = visit->family;
	}
	if (visit->has_device)
		tell_interface(event, visit->skb);
	if (visit->is_read) {
		event->process = bpf_get_current_pid_tgid() >> 32;
		bpf_get_current_comm(event->command, sizeof(event->command));
	}
	if (c->cursor.is_open)
		tell_area(event, c);
	event->flow = sight->flow;
	__builtin_memcpy(event->source, sight->addresses.source, sizeof(event->source));
	__builtin_memcpy(event->destination, sight->addresses.destination, sizeof(event->destination));
	counts->written++;
	bpf_ringbuf_submit(event, wake_up(counts, event->time, pktmeta_trace.wake_after));
}

/*
 * Counts a packet at a station, and says whether that is all: none is followed yet, or was, and none is to be begun
 * with that is like this one. What most packets of a trace cost that asks for few.
 */
static __always_inline int is_passed_by(const void *skb)
{
	volatile struct pktmeta_trace_control *control;
	struct pktmeta_event_counts *counts;
	__u32 zero = 0;

	counts = bpf_map_lookup_elem(&pktmeta_seen, &zero);
	control = bpf_map_lookup_elem(&pktmeta_control, &zero);
	if (!counts || !control)
		return 1;
	counts->seen++;
	return !control->has_begun && (!control->is_open || is_out_of_question(skb));
}

/* Sees a packet at an address that is known; NULL if it is another than before, of which nothing is known any more. */
static __always_inline struct pktmeta_followed *go_on(struct pktmeta_followed *followed, __u64 skb,
						      const struct visit *visit, struct sight *sight)
{
	enum sameness sameness;

	see_packet(visit, sight);
	sameness = compare(followed, visit, sight);
	if (sameness == IS_ANOTHER) {
		bpf_map_delete_elem(&pktmeta_followed, &skb);
		return NULL;
	}
	if (sameness == MAY_BE_SAME)
		followed->is_unsure = 1;
	return followed;
}

/*
 * One function, which all programs of the object share. All calls together have 512 bytes of stack, of which Linux 5.10
 * counts each function's in steps of 32: what takes many of them is a function of its own, called from here.
 */
static __attribute__((noinline)) int see(const struct visit *visit)
{
	const void *skb = visit->skb;
	volatile struct pktmeta_trace_control *control;
	struct pktmeta_followed *followed;
	struct pktmeta_event_counts *counts;
	struct pktmeta_skb_cursor c;
	struct sight sight;
	__u64 key = (__u64)skb, head, copy_of = 0;
	__u32 zero = 0;
	__u8 flags = 0;

	counts = bpf_map_lookup_elem(&pktmeta_seen, &zero);
	control = bpf_map_lookup_elem(&pktmeta_control, &zero);
	if (!counts || !control)
		return 0;
	followed = bpf_map_lookup_elem(&pktmeta_followed, &key);
	if (followed)
		followed = go_on(followed, key, visit, &sight);
	if (!followed && (!control->is_open || is_out_of_question(skb)))
		return 0;
	pktmeta_open_skb(&c, skb);
	if (!followed && !is_asked_for(visit, &c, &sight))
		return 0;
	head = (__u64)MEMBER(skb, head);
	if (!followed) {
		counts->matched++;
		if (pktmeta_trace.sample && counts->matched % pktmeta_trace.sample != 1 % pktmeta_trace.sample)
			return 0;
		see_packet(visit, &sight);
		copy_of = begin(key, head, &sight, new_number(counts));
		followed = bpf_map_lookup_elem(&pktmeta_followed, &key);
		if (!followed) {
			counts->dropped++;
			return 0;
		}
		if (!copy_of)
			keep_original(head, followed->number, &sight);
		control->has_begun = 1;
		flags = PKTMETA_TRACE_FIRST;
	} else if (followed->head != head || !is_same(&followed->identity, &sight.identity)) {
		followed->head = head;
		keep_original(head, followed->number, &sight);
	}
	remember(followed, visit, &sight);
	tell(visit, &c, followed, &sight, copy_of, flags, counts);
	if (is_end(visit->station))
		bpf_map_delete_elem(&pktmeta_followed, &key);
	return 0;
}

#define TRACEPOINT(program, tracepoint, ...) \
	SEC("raw_tracepoint/" #tracepoint) int program(struct bpf_raw_tracepoint_args *ctx) \
	{ \
		const void *skb = (const void *)ctx->args[0]; \
\
		if (!is_passed_by(skb)) { \
			struct visit visit = {.skb = skb, __VA_ARGS__}; \
			see(&visit); \
		} \
		return 0; \
	}

TRACEPOINT(at_gro, napi_gro_receive_entry, .station = PKTMETA_STATION_GRO, .has_device = 1, .at_data = 1)
TRACEPOINT(at_backlog, netif_rx, .station = PKTMETA_STATION_BACKLOG, .has_device = 1, .at_data = 1)
TRACEPOINT(at_receive, netif_receive_skb, .station = PKTMETA_STATION_RECEIVE, .has_device = 1, .at_data = 1)
TRACEPOINT(at_queue, net_dev_queue, .station = PKTMETA_STATION_QUEUE, .has_device = 1)
TRACEPOINT(at_transmit, net_dev_start_xmit, .station = PKTMETA_STATION_TRANSMIT, .has_device = 1)
TRACEPOINT(at_read, skb_copy_datagram_iovec, .station = PKTMETA_STATION_READ, .is_read = 1)
TRACEPOINT(at_freed, consume_skb, .station = PKTMETA_STATION_FREED)

/* Since Linux 5.17 with a reason. */
SEC("raw_tracepoint/kfree_skb") int at_dropped(struct bpf_raw_tracepoint_args *ctx)
{
	const void *skb = (const void *)ctx->args[0];

	if (!is_passed_by(skb)) {
		struct visit visit = {.skb = skb, .station = PKTMETA_STATION_DROPPED, .function = ctx->args[1]};

		if (bpf_core_enum_value_exists(enum skb_drop_reason___trace, SKB_DROP_REASON_NOT_SPECIFIED___trace))
			visit.reason = ctx->args[2];
		see(&visit);
	}
	return 0;
}

/* One of the first three. */
static __always_inline const void *argument(struct pt_regs *ctx, __u8 number)
{
	__u64 first = PT_REGS_PARM1(ctx), second = PT_REGS_PARM2(ctx), third = PT_REGS_PARM3(ctx);

	/* In registers, or the compiler chooses where in the context to read. */
	__PKTMETA_KEEP(first);
	__PKTMETA_KEEP(second);
	__PKTMETA_KEEP(third);
	return (const void *)(number == 0 ? first : number == 1 ? second : third);
}

/* Which hook of netfilter it is, from the argument behind the packet. */
static __attribute__((noinline)) int read_hook(struct visit *visit, struct pt_regs *ctx, __u8 number)
{
	const void *state = argument(ctx, number + 1);

	visit->is_hook = 1;
	visit->hook = __PKTMETA_KERNEL_MEMBER(struct nf_hook_state___trace, state, hook);
	visit->family = __PKTMETA_KERNEL_MEMBER(struct nf_hook_state___trace, state, pf);
	return 0;
}

/* Apart, for the stack that it takes. */
static __attribute__((noinline)) int is_passed_by_at_function(const void *skb)
{
	return is_passed_by(skb);
}

/* At the beginning of functions that get a packet. */
SEC("kprobe.multi") int at_function(struct pt_regs *ctx)
{
	__u64 cookie = bpf_get_attach_cookie(ctx);
	__u8 number = PKTMETA_FUNCTION_ARGUMENT(cookie);
	const void *skb = argument(ctx, number);

	if (!is_passed_by_at_function(skb)) {
		struct visit visit = {
			.skb = skb,
			.station = PKTMETA_FUNCTION_STATION(cookie),
			.has_device = !!(cookie & PKTMETA_FUNCTION_DEVICE),
			.is_read = !!(cookie & PKTMETA_FUNCTION_READ),
		};

		if (cookie & PKTMETA_FUNCTION_HOOK)
			read_hook(&visit, ctx, number);
		see(&visit);
	}
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
