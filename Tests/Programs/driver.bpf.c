// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What a network driver grants, and where its packets can go (Tests/KernelMatrix/drivers.py). */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

/* Beyond what the kernel takes (XDP_PACKET_HEADROOM), so that the limit is the driver's. */
#define LARGEST 256

PKTMETA_FIELD(__u32, tenant);

__u32 tried;   /* packets */
__u32 largest; /* bytes of the largest area that one of them was granted */
__s32 refusal; /* what bpf_xdp_adjust_meta() said to 4 bytes */

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} devices SEC(".maps");

static __always_inline void find_largest(struct xdp_md *ctx)
{
	int err = 0;

	tried++;
	for (__u64 size = LARGEST; size; size -= 4) {
		err = bpf_xdp_adjust_meta(ctx, -(int)size);
		if (err)
			continue;
		if (size > largest)
			largest = size;
		bpf_xdp_adjust_meta(ctx, (int)size);
		return;
	}
	refusal = err;
}

/* Leaves the packet as it came. */
SEC("xdp.frags")
int try_sizes(struct xdp_md *ctx)
{
	find_largest(ctx);
	return XDP_PASS;
}

static __always_inline void stamp(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;

	if (!pktmeta_open_bound(&c, ctx))
		PKTMETA_SET(&c, tenant, 7);
}

SEC("xdp.frags")
int stamp_to_device(struct xdp_md *ctx)
{
	stamp(ctx);
	return bpf_redirect_map(&devices, 0, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
