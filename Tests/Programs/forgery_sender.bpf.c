// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * An outside sender of packets in which bytes of the sender's will lie where the kernel says that an area is: what
 * BPF_F_TEST_XDP_LIVE_FRAMES runs. The test writes the packet; here each gets a stamp of its own.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 sender_ifindex = 0;
const volatile __u64 known_stamp = 0;
const volatile __u64 guessed_bits = 0; /* of the stamp: those that the sender does not know */
const volatile __u32 stamp_at = 0;     /* bytes from the start of the frame on */
const volatile __u32 life = 0;         /* of the header of IPv4: time to live, protocol and checksum */

static __always_inline __u64 guess(void)
{
	__u64 random = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32();

	return (known_stamp & ~guessed_bits) | (random & guessed_bits);
}

/* No place in a frame is aligned to more than 2 bytes. */
static __always_inline void put(__u16 *place, __u64 stamp)
{
	place[0] = stamp;
	place[1] = stamp >> 16;
	place[2] = stamp >> 32;
	place[3] = stamp >> 48;
}

#define IP 14
#define IP_LIFE 8 /* time to live, protocol and checksum, and behind them the source address */

static __always_inline int stamp_and_send(struct xdp_md *ctx)
{
	void *place = (void *)(long)ctx->data + stamp_at;

	if (place + 8 > (void *)(long)ctx->data_end)
		return XDP_DROP;
	put(place, guess());
	return bpf_redirect(sender_ifindex, 0);
}

#define IP_SIZE 56     /* bytes, with options */
#define IP_ID 4        /* its bytes make the checksum what it is to be */
#define SOURCE_BITS 32 /* above which the stamp is the source address */

/* The receiver takes no packet from 0.0.0.0/8, 127.0.0.0/8 and from 224.0.0.0 on. */
static __always_inline __u64 acceptable(__u64 stamp)
{
	__u8 first = stamp >> SOURCE_BITS;

	if (first && first < 224 && first != 127)
		return stamp;
	return (stamp & ~(0xffULL << SOURCE_BITS)) | 100ULL << SOURCE_BITS;
}

SEC("xdp")
int send_stamp(struct xdp_md *ctx)
{
	return stamp_and_send(ctx);
}

/* Of packets that are forwarded: the kernel uses frames again as it left them, with less time to live. */
SEC("xdp")
int send_forwarded(struct xdp_md *ctx)
{
	__u16 *header = (void *)(long)ctx->data + IP;

	if ((void *)header + IP_LIFE + 4 > (void *)(long)ctx->data_end)
		return XDP_DROP;
	header[IP_LIFE / 2] = life;
	header[IP_LIFE / 2 + 1] = life >> 16;
	return stamp_and_send(ctx);
}

/* The stamp is part of a header of IPv4. */
SEC("xdp")
int send_header(struct xdp_md *ctx)
{
	__u16 *header = (void *)(long)ctx->data + IP;
	__u32 sum = 0;

	if ((void *)header + IP_SIZE > (void *)(long)ctx->data_end)
		return XDP_DROP;
	put(header + IP_LIFE / 2, acceptable(guess()));
	header[IP_ID / 2] = 0;
#pragma unroll
	for (int i = 0; i < IP_SIZE / 2; i++)
		sum += header[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	header[IP_ID / 2] = ~sum;
	return bpf_redirect(sender_ifindex, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
