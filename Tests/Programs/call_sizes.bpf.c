// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Calls of one kind by id, with the size of one type: tests compile it with what they want. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#ifndef CALLED_TYPE
#define CALLED_TYPE __u32
#define CALLED_CALL pktmeta_set
#endif

#define FIELD PKTMETA_ID(word_field)

static __always_inline int set_of_size(struct pktmeta_cursor *c, const void *value, __u32 size)
{
	return pktmeta_set(c, FIELD, value, size);
}

SEC("xdp.frags")
int call(struct xdp_md *ctx)
{
	struct pktmeta_cursor c;
	CALLED_TYPE value;
	__u32 asked = FIELD; /* says nothing of a size */

	__builtin_memset(&value, 0, sizeof(value));
	pktmeta_open(&c, ctx);
	pktmeta_is_set(&c, asked);
	set_of_size(&c, &value, sizeof(value));
	CALLED_CALL(&c, FIELD, &value, sizeof(value));
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
