// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Cursors in functions of each kind that a BPF program may have, called with a pointer to the caller's cursor. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#include "reports.bpf.h"

PKTMETA_FIELD(__u32, first_field);
PKTMETA_FIELD(__u64, second_field);
PKTMETA_FLAG(flag_field);

static __noinline int set_by_id(struct pktmeta_cursor *c, __u32 value)
{
	return pktmeta_set(c, PKTMETA_ID(first_field), &value, sizeof(value));
}

static __noinline int get_by_id(const struct pktmeta_cursor *c, __u32 *value)
{
	return pktmeta_get(c, PKTMETA_ID(first_field), value, sizeof(*value));
}

static __noinline int set_bound(struct pktmeta_bound_cursor *c, __u64 value)
{
	return PKTMETA_SET(c, second_field, value);
}

static __noinline int get_bound(const struct pktmeta_bound_cursor *c, __u64 *value)
{
	return PKTMETA_GET(c, second_field, value);
}

struct walk {
	struct pktmeta_bound_cursor *c;
	__u64 set;
};

static long set_in_turn(__u32 index, void *data)
{
	struct walk *walk = data;

	walk->set += !set_by_id(&walk->c->cursor, index) && !PKTMETA_SET_FLAG(walk->c, flag_field);
	return 0;
}

static __always_inline void use(struct pktmeta_bound_cursor *c, struct report *report)
{
	struct walk walk = {.c = c, .set = 0};

	report->set[0] = set_by_id(&c->cursor, 0xdeadbeef);
	report->set[1] = set_bound(c, 0x1122334455667788);
	report->got[0] = get_by_id(&c->cursor, &report->first);
	report->got[1] = get_bound(c, &report->second);
	bpf_loop(3, set_in_turn, &walk, 0);
	report->loops = walk.set;
	report->last_got = get_by_id(&c->cursor, &report->last);
}

SEC("xdp.frags")
int in_xdp(struct xdp_md *ctx)
{
	struct report *report = the_report(IN_XDP);
	struct pktmeta_bound_cursor c;

	if (!report)
		return XDP_ABORTED;
	report->opened = pktmeta_open_bound(&c, ctx);
	use(&c, report);
	report->runs++;
	return XDP_PASS;
}

SEC("tc")
int in_tc(struct __sk_buff *skb)
{
	struct report *report = the_report(IN_TC);
	struct pktmeta_bound_cursor c;

	if (!report)
		return -1;
	report->opened = pktmeta_open_bound(&c, skb);
	report->before_got = get_by_id(&c.cursor, &report->before);
	use(&c, report);
	report->runs++;
	return -1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
