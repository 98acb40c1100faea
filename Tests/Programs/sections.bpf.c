// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* A program in each section that may be taken for one of pktmeta's hooks. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#define PROGRAM(section, name, context) \
	SEC(section) int name(struct context *ctx) \
	{ \
		struct pktmeta_cursor c; \
\
		return pktmeta_open(&c, ctx) ? -1 : -1; \
	}

PROGRAM("tc", plain_tc, __sk_buff)
PROGRAM("classifier", old_tc, __sk_buff)
PROGRAM("tc/ingress", tc_ingress, __sk_buff)
PROGRAM("tcx/ingress", tcx_ingress, __sk_buff)
PROGRAM("?tcx/ingress", on_request, __sk_buff)
PROGRAM("tc/egress", tc_egress, __sk_buff)
PROGRAM("tcx/egress", tcx_egress, __sk_buff)
PROGRAM("action", act, __sk_buff)
PROGRAM("netkit/primary", netkit, __sk_buff)
PROGRAM("xdp/devmap", devmap, xdp_md)
PROGRAM("xdp.frags/devmap", devmap_frags, xdp_md)
PROGRAM("xdp/cpumap", cpumap, xdp_md)
PROGRAM("xdp.frags/cpumap", cpumap_frags, xdp_md)
PROGRAM("xdp_custom", custom, xdp_md)

SEC("kprobe/do_exit")
int probe(void *ctx)
{
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
