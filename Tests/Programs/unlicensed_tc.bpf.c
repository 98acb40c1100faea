// SPDX-License-Identifier: BSD-2-Clause
/* Sets a field at TC, in a program whose licence is none that the GPL goes together with. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

PKTMETA_FIELD(__u32, shared);

SEC("tcx/ingress")
int stamp(struct __sk_buff *skb)
{
	struct pktmeta_bound_cursor c;

	pktmeta_open_bound(&c, skb);
	PKTMETA_SET(&c, shared, 1);
	return -1;
}

char _license[] SEC("license") = "BSD";
