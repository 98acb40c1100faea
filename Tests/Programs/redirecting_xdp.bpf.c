// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Puts into fields what the NIC's driver would know, and sends the packet to another interface. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

PKTMETA_FIELD(__u32, hash);
PKTMETA_FIELD(__u64, received_at);
PKTMETA_FIELD(__u16, tag);

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} devices SEC(".maps");

SEC("xdp.frags")
int send_on(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;

	if (!pktmeta_open_bound(&c, ctx)) {
		PKTMETA_SET(&c, hash, 0x12345678);
		PKTMETA_SET(&c, received_at, 1700000000123456789ULL);
		PKTMETA_SET(&c, tag, 0x6005); /* priority 3, VLAN 5 */
	}
	return bpf_redirect_map(&devices, 0, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
