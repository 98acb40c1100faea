// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Programs of all layers that get the fields of each packet while a test changes the registry. Two fields follow from
 * the packet: its number, which its payload begins with and whose field stays where it is, and what mix() makes of
 * that, whose field may move. The others come and go, and say which field they belong to (torture_values.bpf.h); their
 * areas are held back.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "datagrams.bpf.h"
#include "torture_values.bpf.h"

#define HEADERS 42 /* bytes: Ethernet, IPv4, UDP */

PKTMETA_FIELD(__u64, number);
PKTMETA_FIELD(__u32, check);

enum place { AT_TRACEPOINT, AT_TC, IN_NETFILTER, IN_CGROUP, IN_SOCKET, IN_REUSEPORT, PLACES };

struct seen {
	__u64 packets;
	__u64 right;   /* the packet's number, by its id */
	__u64 wrong;   /* of any field */
	__u64 refused; /* the packet's number */
	__u64 others;  /* fields that move, come and go, and what is bound to them: got */
	__u64 gone;    /* not got */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PLACES);
	__type(key, __u32);
	__type(value, struct seen);
} seen SEC(".maps");

/*
 * In the table of targets: what the upper half of the numbers is, since a tracepoint has packets of others, too. 0 as
 * long as the test has not said: then no packet is its own.
 */
#define TAG 5

/* Whether the packet is one of the test's. */
static __always_inline int number_of(const void *skb, __u64 *number)
{
	struct datagram datagram;
	int is_ours = read_datagram(skb, &datagram);

	*number = (__u64)datagram.payload[1] << 32 | datagram.payload[0];
	return is_ours && target(TAG) && datagram.payload[1] == target(TAG);
}

static __always_inline void judge(struct seen *s, __u64 *right, __u64 *refused, int err, int differs)
{
	count(err ? refused : differs ? &s->wrong : right);
}

static __always_inline void look_at_target(struct pktmeta_skb_cursor *c, struct seen *s, __u32 index, __u32 size)
{
	__u32 id = target(index);
	__u64 value[2] = {};
	int err;

	if (!id)
		return;
	err = pktmeta_get(c, id, value, size);
	judge(s, &s->others, &s->gone, err, differs(value, id, size));
}

static __always_inline void look(const void *skb, __u32 place)
{
	struct seen *s = bpf_map_lookup_elem(&seen, &place);
	struct pktmeta_skb_cursor c, b;
	__u64 number, value = 0;
	__u32 check = 0;
	int err;

	if (!s || !number_of(skb, &number))
		return;
	pktmeta_open_skb(&c, skb);
	err = pktmeta_get(&c, PKTMETA_ID(number), &value, sizeof(value));
	judge(s, &s->right, &s->refused, err, value != number);
	err = pktmeta_get(&c, PKTMETA_ID(check), &check, sizeof(check));
	judge(s, &s->others, &s->gone, err, check != (__u32)mix(number));
#define LOOK_AT(index, size) look_at_target(&c, s, index, size);
	FOR_EACH_TARGET(LOOK_AT)

	value = 0;
	pktmeta_open_bound_skb(&b, skb);
	err = PKTMETA_GET(&b, number, &value);
	judge(s, &s->others, &s->gone, err, value != number);
	count(&s->packets); /* last: the test waits for it */
}

#define LOOK(skb, place) look(__PKTMETA_SKB(skb), place)

SEC("raw_tp/netif_receive_skb")
int at_tracepoint(struct bpf_raw_tracepoint_args *ctx)
{
	LOOK(ctx->args[0], AT_TRACEPOINT);
	return 0;
}

SEC("tc")
int at_tc(struct __sk_buff *ctx)
{
	LOOK(ctx, AT_TC);
	return -1;
}

SEC("netfilter")
int in_netfilter(struct bpf_nf_ctx *ctx)
{
	LOOK(ctx->skb, IN_NETFILTER);
	return 1;
}

SEC("cgroup_skb/ingress")
int in_cgroup(struct __sk_buff *ctx)
{
	LOOK(ctx, IN_CGROUP);
	return 1;
}

SEC("socket")
int in_socket(struct __sk_buff *ctx)
{
	LOOK(ctx, IN_SOCKET);
	return -1;
}

SEC("sk_reuseport")
int in_reuseport(struct sk_reuseport_md *ctx)
{
	LOOK(ctx, IN_REUSEPORT);
	return SK_PASS;
}

/* The area is an earlier packet's, with what that one had of other fields. */
SEC("xdp")
int number_packets(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct pktmeta_bound_cursor c;
	struct pktmeta_cursor late;
	__u64 number;
	__u32 check;

	if (data + HEADERS + sizeof(number) > end)
		return XDP_PASS;
	if (pktmeta_open_bound(&c, ctx))
		return XDP_PASS;
#define SET(index, size) set_target(&c.cursor, index, size);
	FOR_EACH_TARGET(SET)
	swap_area(ctx);

	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + HEADERS + sizeof(number) > end)
		return XDP_PASS;
	__builtin_memcpy(&number, data + HEADERS, sizeof(number));
	/* By their ids: in an area that is older than a field's place, that field is set nowhere. */
	pktmeta_open(&late, ctx);
	pktmeta_set(&late, PKTMETA_ID(number), &number, sizeof(number));
	check = (__u32)mix(number);
	pktmeta_set(&late, PKTMETA_ID(check), &check, sizeof(check));
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
