// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Sets a field at TC on packets that GRO may have merged to a list: on the first alone, and on what is no list any
 * more. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

PKTMETA_FIELD(__u32, secret);

static __always_inline void set_one(struct __sk_buff *skb)
{
	struct pktmeta_bound_cursor c;

	pktmeta_open_bound(&c, skb);
	PKTMETA_SET(&c, secret, 1);
}

SEC("tc")
int set(struct __sk_buff *skb)
{
	set_one(skb);
	return -1;
}

SEC("tc")
int join_and_set(struct __sk_buff *skb)
{
	__u32 linear = skb->data_end - skb->data;

	if (skb->gso_segs > 1 && linear < skb->len && bpf_skb_pull_data(skb, linear + 1))
		return 2; /* TCX_DROP */
	set_one(skb);
	return -1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
