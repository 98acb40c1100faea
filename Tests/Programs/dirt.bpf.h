/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef DIRT_BPF_H
#define DIRT_BPF_H

#define DIRT 216 /* the largest area that BPF_PROG_TEST_RUN grants */

/* Leaves bytes where an area will be made, as earlier packets do in a driver's buffers. */
static __always_inline void leave_dirt(struct xdp_md *ctx)
{
	__u64 *place;

	if (ctx->data_meta != ctx->data || bpf_xdp_adjust_meta(ctx, -DIRT))
		return;
	place = (void *)(long)ctx->data_meta;
	if ((void *)place + DIRT <= (void *)(long)ctx->data) {
#pragma unroll
		for (int i = 0; i < DIRT / 8; i++)
			place[i] = 0xd1d1d1d1d1d1d1d1;
	}
	bpf_xdp_adjust_meta(ctx, DIRT);
}

#endif
