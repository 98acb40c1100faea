// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Several cursors open on one packet at TC: two of one program, and one of a function that knows nothing of its
 * caller's. In XDP each open ends the cursors before, since it may make the area: the verifier sees to that.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#include "reports.bpf.h"

PKTMETA_FIELD(__u64, second_field);
PKTMETA_FLAG(flag_field);

static __always_inline int set_first(struct pktmeta_cursor *c, __u32 value)
{
	return pktmeta_set(c, PKTMETA_ID(first_field), &value, sizeof(value));
}

/* Checked apart from its callers, as another source file's functions would be. */
__noinline int set_flag(struct __sk_buff *skb)
{
	struct pktmeta_bound_cursor c;

	pktmeta_open_bound(&c, skb);
	return PKTMETA_SET_FLAG(&c, flag_field);
}

/* Clearing by one leaves what the other has set since. */
static __always_inline void clear_by_one(struct __sk_buff *skb, struct report *report)
{
	struct pktmeta_bound_cursor bound;
	struct pktmeta_cursor by_id;

	pktmeta_open(&by_id, skb);
	pktmeta_open_bound(&bound, skb);
	PKTMETA_SET(&bound, second_field, 1);
	report->before_got = pktmeta_clear(&by_id, PKTMETA_ID(first_field));
}

/* Each of two cursors sets a field, and the flag is set behind the backs of both. */
static __always_inline void set_by_both(struct __sk_buff *skb, struct report *report)
{
	struct pktmeta_bound_cursor bound;
	struct pktmeta_cursor by_id;

	report->opened = pktmeta_open(&by_id, skb);
	report->opened |= pktmeta_open_bound(&bound, skb);
	report->set[0] = set_first(&by_id, 0xdeadbeef);
	report->set[1] = PKTMETA_SET(&bound, second_field, 0x1122334455667788);
	report->loops = !set_flag(skb);
	report->last_got = set_first(&by_id, 7);
#ifdef PKTMETA_STORES_AT_TC
	/* No store ends the other's pointers, so it sees what has been set since. */
	report->got[0] = pktmeta_get(&bound.cursor, PKTMETA_ID(first_field), &report->first, sizeof(report->first));
	report->got[1] = pktmeta_get(&by_id, PKTMETA_ID(second_field), &report->second, sizeof(report->second));
#endif
}

static __always_inline void look_again(struct __sk_buff *skb, struct report *report)
{
	struct pktmeta_bound_cursor c;

	pktmeta_open_bound(&c, skb);
	report->again_got[0] =
		pktmeta_get(&c.cursor, PKTMETA_ID(first_field), &report->again_first, sizeof(report->again_first));
	report->again_got[1] = PKTMETA_GET(&c, second_field, &report->again_second);
	report->loops += PKTMETA_IS_SET(&c, flag_field) == 1;
}

SEC("xdp.frags")
int in_xdp(struct xdp_md *ctx)
{
	struct pktmeta_cursor c;

	pktmeta_open(&c, ctx);
	set_first(&c, 1);
	return XDP_PASS;
}

SEC("tc")
int in_tc(struct __sk_buff *skb)
{
	struct report *report = the_report(IN_TC);

	if (!report)
		return -1;
	clear_by_one(skb, report);
	look_again(skb, report);
	report->before = report->again_got[0] == -ENOENT && !report->again_got[1] && report->again_second == 1;
	set_by_both(skb, report);
	look_again(skb, report);
	report->runs++;
	return -1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
