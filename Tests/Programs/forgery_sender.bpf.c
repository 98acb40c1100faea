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

char _license[] SEC("license") = "Dual BSD/GPL";
