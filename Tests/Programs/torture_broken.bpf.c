// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The same without the check of generations: the test must see wrong values. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/abi.h>

#define pktmeta_generation_is_older(packet, field) 0
#include <pktmeta/pktmeta.bpf.h>

#include "torture.bpf.h"
