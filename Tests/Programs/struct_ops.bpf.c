// SPDX-License-Identifier: GPL-2.0-only
/* An object that has a congestion control beside its XDP program, and maps with long and dotted names. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <pktmeta/pktmeta.bpf.h>

PKTMETA_FIELD(__u32, shared);

extern int LINUX_KERNEL_VERSION __kconfig;

__u64 packets SEC(".data.packets_with_a_long_name");
const char words[] SEC(".rodata.words") = "words";

struct sock;

struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
};

SEC("struct_ops/ssthresh")
__u32 BPF_PROG(ssthresh, struct sock *sk)
{
	return 2;
}

SEC("struct_ops/avoid")
void BPF_PROG(avoid, struct sock *sk, __u32 ack, __u32 acked) {}

SEC("struct_ops/undo")
__u32 BPF_PROG(undo, struct sock *sk)
{
	return 2;
}

SEC(".struct_ops")
struct tcp_congestion_ops steady = {
	.ssthresh = (void *)ssthresh,
	.cong_avoid = (void *)avoid,
	.undo_cwnd = (void *)undo,
	.name = "pktmeta_steady",
};

SEC("xdp.frags")
int looker(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;
	__u32 value;

	pktmeta_open_bound(&c, ctx);
	if (!PKTMETA_GET(&c, shared, &value))
		packets += value;
	packets += LINUX_KERNEL_VERSION ? words[ctx->rx_queue_index & 1] == 'w' : 0;
	return pktmeta_next(ctx, XDP_PASS);
}

char _license[] SEC("license") = "GPL";
