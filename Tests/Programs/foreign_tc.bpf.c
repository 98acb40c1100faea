// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Know nothing of pktmeta. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define NEXT -1 /* TCX_NEXT, and TC_ACT_UNSPEC: let others decide */

SEC("tc")
int foreign_tc(struct __sk_buff *skb)
{
	return NEXT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
