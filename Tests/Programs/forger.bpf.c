// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Guesses seals: puts an area in front of the packet that has random bits where masks say so, and the right ones
 * elsewhere, and counts how often it is taken for the registry's own. Each run of a program is one guess.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

PKTMETA_FIELD(__u32, target);

const volatile __u32 right_header = 0; /* its half of the seal */
const volatile __u32 guessed_header = 0;
const volatile __u64 right_stamp = 0;
const volatile __u64 guessed_stamp = 0;

enum count { GUESSES, HITS, FAILURES, COUNTS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64[COUNTS]);
} guesses SEC(".maps");

/* The first run makes the room, which stays for those that follow in one BPF_PROG_TEST_RUN. */
static __always_inline int put_guess(struct xdp_md *ctx)
{
	__u64 random = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32();
	__u32 other = bpf_get_prandom_u32();
	struct pktmeta_header *header;
	void *meta, *data;

	if (ctx->data_meta == ctx->data && bpf_xdp_adjust_meta(ctx, -64))
		return -ENOSPC;
	meta = (void *)(long)ctx->data_meta;
	data = (void *)(long)ctx->data;
	if (meta + 64 > data)
		return -EFAULT;
	header = meta;
	header->seal = (right_header & ~guessed_header) | (other & guessed_header);
	header->fields_set = 0xffffffff;
	*(__u64 *)(meta + 64 - PKTMETA_TRAILER_SIZE) = (right_stamp & ~guessed_stamp) | (random & guessed_stamp);
	return 0;
}

/* - is_hit: an expression that may use the cursor c. */
#define FORGE(ctx, cursor_type, is_hit) \
	({ \
		__u32 key = 0; \
		__u64 *count = bpf_map_lookup_elem(&guesses, &key); \
		cursor_type c; \
		if (count) { \
			if (put_guess(ctx)) \
				count[FAILURES]++; \
			else if (is_hit) \
				count[HITS]++; \
			count[GUESSES]++; \
		} \
	})

SEC("xdp")
int forge_by_id(struct xdp_md *ctx)
{
	FORGE(ctx, struct pktmeta_cursor, !pktmeta_open(&c, ctx));
	return XDP_PASS;
}

/* The window that open takes is that of the fields that are used. */
SEC("xdp")
int forge_bound(struct xdp_md *ctx)
{
	__u32 value;

	FORGE(ctx, struct pktmeta_bound_cursor, !pktmeta_open_bound(&c, ctx) && !PKTMETA_GET(&c, target, &value));
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
