// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Has every struct of the ABI in its types. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/abi.h>
#include <pktmeta/loader.h>

struct pktmeta_entry entry;
struct pktmeta_registry registry;
struct pktmeta_state state;
struct pktmeta_statistics statistics;
struct pktmeta_table table;
struct pktmeta_attachment attachment;

char _license[] SEC("license") = "Dual BSD/GPL";
