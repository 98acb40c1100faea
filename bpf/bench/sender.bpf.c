// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Sends packets out of an interface: what BPF_F_TEST_XDP_LIVE_FRAMES runs. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 sender_ifindex = 0;

SEC("xdp")
int send(struct xdp_md *ctx)
{
	return bpf_redirect(sender_ifindex, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
