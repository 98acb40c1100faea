/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The script of script.bpf.h by another encoding than pktmeta's, in XDP and at TC: a call's id is the encoding's key.
 * An encoding defines ENCODING_CURSOR, ENCODING_OPEN(c, ctx), ENCODING_SET(c, key, value, size) and ENCODING_GET.
 */
#ifndef ENCODING_TEST_BPF_H
#define ENCODING_TEST_BPF_H

#include "dirt.bpf.h"
#include "script.bpf.h"

/* Sizes must be constants; keys need not be. */
#define ENCODING_SIZE(run, n) \
	case n: \
		return run(c, call->id, call->value, n)
#define ENCODING_FOR_EACH_SIZE(run) \
	switch (call->size) { \
		ENCODING_SIZE(run, 1); \
		ENCODING_SIZE(run, 2); \
		ENCODING_SIZE(run, 3); \
		ENCODING_SIZE(run, 4); \
		ENCODING_SIZE(run, 8); \
		ENCODING_SIZE(run, 16); \
	}

static __always_inline int encoding_perform(ENCODING_CURSOR *c, struct call *call)
{
	switch (call->operation) {
	case CALL_SET:
		ENCODING_FOR_EACH_SIZE(ENCODING_SET);
		break;
	case CALL_GET:
		ENCODING_FOR_EACH_SIZE(ENCODING_GET);
		break;
	}
	return -1000;
}

#define RUN_ENCODING_SCRIPT(ctx) \
	({ \
		__u32 key = 0; \
		struct script *s = bpf_map_lookup_elem(&script, &key); \
		ENCODING_CURSOR c; \
		if (s) { \
			s->opened = ENCODING_OPEN(&c, ctx); \
			s->runs++; \
			if (s->calls[0].operation) \
				s->calls[0].result = encoding_perform(&c, &s->calls[0]); \
			if (s->calls[1].operation) \
				s->calls[1].result = encoding_perform(&c, &s->calls[1]); \
			if (s->calls[2].operation) \
				s->calls[2].result = encoding_perform(&c, &s->calls[2]); \
			if (s->calls[3].operation) \
				s->calls[3].result = encoding_perform(&c, &s->calls[3]); \
		} \
	})

SEC("xdp")
int contract_xdp(struct xdp_md *ctx)
{
	leave_dirt(ctx);
	RUN_ENCODING_SCRIPT(ctx);
	return XDP_PASS;
}

SEC("tc")
int contract_tc(struct __sk_buff *skb)
{
	RUN_ENCODING_SCRIPT(skb);
	return -1;
}

char _license[] SEC("license") = "Dual BSD/GPL";

#endif
