// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * An outside sender of packets in which bytes of the sender's will lie where the kernel says that an area is: what
 * BPF_F_TEST_XDP_LIVE_FRAMES runs. The test writes the packet; here each gets a seal of its own.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 sender_ifindex = 0;
const volatile __u32 known_header = 0; /* its half of the seal */
const volatile __u64 known_stamp = 0;  /* 48 bits, the generation lowest */
const volatile __u8 knows_seal = 0;
const volatile __u32 header_at = 0; /* bytes from the start of the frame on */
const volatile __u32 stamp_at = 0;
const volatile __u32 life = 0; /* of the header of IPv4: time to live, protocol and checksum */

/* Puts 32 bits of the seal there. No place in a frame is aligned to more than 2 bytes. */
static __always_inline void put(__u16 *place, __u32 known)
{
	__u32 half = knows_seal ? known : bpf_get_prandom_u32();

	place[0] = half;
	place[1] = half >> 16;
}

#define IP 14
#define IP_LIFE 8 /* time to live, protocol and checksum, and behind them the source address */

static __always_inline int seal_and_send(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	void *header = (void *)(long)ctx->data + header_at;
	__u16 *stamp = (void *)(long)ctx->data + stamp_at;

	if (header + 4 > end || (void *)(stamp + 3) > end)
		return XDP_DROP;
	put(header, known_header);
	stamp[0] = known_stamp;
	put(stamp + 1, known_stamp >> 16);
	return bpf_redirect(sender_ifindex, 0);
}

SEC("xdp")
int send_seal(struct xdp_md *ctx)
{
	return seal_and_send(ctx);
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
	return seal_and_send(ctx);
}

char _license[] SEC("license") = "Dual BSD/GPL";
