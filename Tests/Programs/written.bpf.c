// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * A cursor that is used again after each write at TC, by functions and in place: what a write leaves in the cursor is
 * needed on several ways through the program. Tests compile it with each compiler, for old instructions too.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#include "reports.bpf.h"

PKTMETA_FIELD(__u64, second_field);
PKTMETA_FLAG(flag_field);

static __noinline int get_first(struct pktmeta_cursor *c, __u32 *value)
{
	return pktmeta_get(c, PKTMETA_ID(first_field), value, sizeof(*value));
}

static __noinline int get_second(struct pktmeta_bound_cursor *c, __u64 *value)
{
	return PKTMETA_GET(c, second_field, value);
}

static __always_inline int set_first(struct pktmeta_cursor *c, __u32 value)
{
	return pktmeta_set(c, PKTMETA_ID(first_field), &value, sizeof(value));
}

/* By id: set, get, clear, and get what is gone. */
static __always_inline void by_id(struct pktmeta_cursor *c, struct report *report)
{
	__u32 nothing;

	report->before_got = get_first(c, &report->before);
	report->set[0] = set_first(c, 0xdeadbeef);
	report->got[0] = get_first(c, &report->first);
	report->again_got[0] = pktmeta_clear(c, PKTMETA_ID(first_field));
	report->last_got = get_first(c, &nothing);
}

/* The same, bound. */
static __always_inline void bound(struct pktmeta_bound_cursor *c, struct report *report)
{
	__u64 nothing;

	report->set[1] = PKTMETA_SET(c, second_field, 0x1122334455667788);
	report->got[1] = get_second(c, &report->second);
	report->again_got[1] = PKTMETA_CLEAR(c, second_field);
	report->loops = get_second(c, &nothing) == -ENOENT;
	report->loops += !PKTMETA_SET_FLAG(c, flag_field) && PKTMETA_IS_SET(c, flag_field) == 1;
}

SEC("xdp.frags")
int in_xdp(struct xdp_md *ctx)
{
	struct report *report = the_report(IN_XDP);
	struct pktmeta_bound_cursor bound_cursor;
	struct pktmeta_cursor cursor;

	if (!report)
		return XDP_ABORTED;
	report->opened = pktmeta_open(&cursor, ctx);
	by_id(&cursor, report);
	set_first(&cursor, 7);
	report->opened |= pktmeta_open_bound(&bound_cursor, ctx);
	bound(&bound_cursor, report);
	report->runs++;
	return XDP_PASS;
}

SEC("tc")
int in_tc(struct __sk_buff *skb)
{
	struct report *report = the_report(IN_TC);
	struct pktmeta_bound_cursor bound_cursor;
	struct pktmeta_cursor cursor;

	if (!report)
		return -1;
	report->opened = pktmeta_open(&cursor, skb);
	by_id(&cursor, report);
	report->opened |= pktmeta_open_bound(&bound_cursor, skb);
	bound(&bound_cursor, report);
	report->runs++;
	return -1;
}

/* Nothing but a cursor by id, without the ways that reporting makes. */
SEC("tc")
int in_tc_by_id(struct __sk_buff *skb)
{
	struct pktmeta_cursor c;
	__u32 value = 99;

	pktmeta_open(&c, skb);
	pktmeta_set(&c, PKTMETA_ID(first_field), &value, sizeof(value));
	get_first(&c, &value);
	pktmeta_clear(&c, PKTMETA_ID(first_field));
	get_first(&c, &value);
	return -1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
