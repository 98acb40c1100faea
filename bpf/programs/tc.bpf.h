/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the prebuilt TC programs share. */
#ifndef PKTMETA_TC_BPF_H
#define PKTMETA_TC_BPF_H

#define TCX_NEXT (-1) /* let the programs behind this one run; TC_ACT_UNSPEC to cls_bpf */
#define TCX_DROP 2

/* Filled in by the loader: whether the program is attached to TC egress. */
const volatile __u8 pktmeta_at_egress = 0;

#endif
