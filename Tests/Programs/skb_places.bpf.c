// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Gets a field of each packet to a port, at places between the driver and the application, by its id and bound. All
 * bytes of a packet's payload are its number, and the field is that too; of a TCP segment, whose header has no fixed
 * length, the number is the last byte of its sequence number.
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/skb.bpf.h>

PKTMETA_FIELD(__u64, number);
PKTMETA_FIELD(__u16, short_number);

const volatile __u16 port = 0;
const volatile __u8 outer_headers = 0; /* bytes, of packets in a tunnel */
const volatile __u8 is_tcp = 0;

#define NUMBER_AT (is_tcp ? 41 : 42) /* in a frame */

enum place { RECEIVED, IN_CGROUP, IN_SOCKET, IN_REUSEPORT, AT_TC, TRACED, BEHIND_TUNNEL, IN_STREAM, PLACES };

struct seen {
	__u64 packets;
	__u64 by_id; /* got the packet's own number */
	__u64 bound;
	__u64 is_set;
	__u64 wrong;
	__u64 faults; /* -EFAULT of each call */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PLACES);
	__type(key, __u32);
	__type(value, struct seen);
} seen SEC(".maps");

struct sk_buff___place {
	unsigned char *head;
	__u16 network_header;
	__u16 mac_header;
} __attribute__((preserve_access_index));

/* Sockets whose stream a program sees. */
struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} streams SEC(".maps");

/* The packet's number; negative: it is none of the test's, UDP or TCP over IPv4 to the port. */
static __always_inline int number_of(const void *skb)
{
	const unsigned char *head = __PKTMETA_KERNEL_MEMBER(struct sk_buff___place, skb, head);
	__u16 network_header = __PKTMETA_KERNEL_MEMBER(struct sk_buff___place, skb, network_header);
	__u16 mac_header = __PKTMETA_KERNEL_MEMBER(struct sk_buff___place, skb, mac_header);
	struct {
		__u8 version, tos, rest[7], protocol, addresses[10];
		__be16 source, destination;
		__u8 sequence[4]; /* UDP: length, checksum */
		__u8 payload[4];
	} packet;

	/* A packet that goes into the stack may still have the header's place of the tunnel that it came by. */
	if (network_header - mac_header != 14)
		return -1;
	bpf_probe_read_kernel(&packet, sizeof(packet), head + network_header);
	if (packet.version != 0x45 || packet.protocol != (is_tcp ? IPPROTO_TCP : IPPROTO_UDP) ||
	    packet.destination != bpf_htons(port))
		return -1;
	return is_tcp ? packet.sequence[3] : packet.payload[0];
}

/* An order is an instruction that Linux 5.10 has not. */
static __always_inline void count(__u64 *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static __always_inline void judge(struct seen *s, __u64 *right, int err, __u64 value, __u64 number)
{
	if (!err)
		count(value == number ? right : &s->wrong);
	else if (err == -EFAULT)
		count(&s->faults);
}

static __always_inline void look(const void *skb, __u32 place, __u16 tunnel)
{
	struct seen *s = bpf_map_lookup_elem(&seen, &place);
	int number = number_of(skb), err;
	struct pktmeta_skb_cursor c, b;
	__u16 short_number = 0;
	__u64 value = 0;

	if (!s || number < 0)
		return;
	if (tunnel)
		pktmeta_open_tunnel(&c, skb, tunnel);
	else
		pktmeta_open_skb(&c, skb);
	err = pktmeta_get(&c, PKTMETA_ID(number), &value, sizeof(value));
	judge(s, &s->by_id, err, value, number);
	err = pktmeta_get(&c, PKTMETA_ID(short_number), &short_number, sizeof(short_number));
	judge(s, &s->by_id, err, short_number, number);
	if (pktmeta_is_set(&c, PKTMETA_ID(number)) == 1)
		count(&s->is_set);

	value = 0;
	short_number = 0;
	if (tunnel)
		pktmeta_open_bound_tunnel(&b, skb, tunnel);
	else
		pktmeta_open_bound_skb(&b, skb);
	err = PKTMETA_GET(&b, number, &value);
	judge(s, &s->bound, err, value, number);
	err = PKTMETA_GET(&b, short_number, &short_number);
	judge(s, &s->bound, err, short_number, number);
	if (PKTMETA_IS_SET(&b, short_number) == 1)
		count(&s->is_set);
	count(&s->packets); /* last: the test waits for it */
}

#define LOOK(skb, place) look(__PKTMETA_SKB(skb), place, 0)

SEC("raw_tp/netif_receive_skb")
int received(struct bpf_raw_tracepoint_args *ctx)
{
	LOOK(ctx->args[0], RECEIVED);
	return 0;
}

/* Of what a VXLAN device gives the stack; what the interface below gets is of another port. */
SEC("raw_tp/netif_receive_skb")
int behind_tunnel(struct bpf_raw_tracepoint_args *ctx)
{
	look(__PKTMETA_SKB(ctx->args[0]), BEHIND_TUNNEL, 4789);
	return 0;
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

/* Data of a connection, before the application may read it. */
SEC("sk_skb/stream_verdict")
int in_stream(struct __sk_buff *ctx)
{
	LOOK(ctx, IN_STREAM);
	return SK_PASS;
}

SEC("tc")
int at_tc(struct __sk_buff *ctx)
{
	LOOK(ctx, AT_TC);
	return -1;
}

SEC("fentry/udp_rcv")
int traced(__u64 *arguments)
{
	LOOK(arguments[0], TRACED);
	return 0;
}

SEC("xdp")
int number_packets(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct pktmeta_bound_cursor c;
	__u8 number;

	if (data + 43 > end)
		return XDP_PASS;
	number = *(__u8 *)(data + NUMBER_AT);
	if (outer_headers && data + outer_headers + 43 <= end)
		number = *(__u8 *)(data + outer_headers + 42);
	pktmeta_open_bound(&c, ctx);
	PKTMETA_SET(&c, number, number);
	PKTMETA_SET(&c, short_number, number);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
