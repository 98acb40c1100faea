/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The script of contract.bpf.h by bound access: a call's id is a number of the list below. */
#ifndef BOUND_TEST_BPF_H
#define BOUND_TEST_BPF_H

#include "contract.bpf.h"

struct six {
	__u8 bytes[6];
};

struct sixteen {
	__u64 words[2];
};

PKTMETA_FLAG(flag_field);
PKTMETA_FIELD(__u8, byte_field);
PKTMETA_FIELD(__u32, word_field);
PKTMETA_FIELD(__u64, long_field);
PKTMETA_FIELD(__u16, short_field);
PKTMETA_FIELD(struct six, six_field);
PKTMETA_FIELD(struct sixteen, wide_field);
PKTMETA_FIELD(__u32, absent_field); /* never registered */
PKTMETA_FIELD(__u16, odd_field);    /* registered with 13 bytes */

#define BOUND_SET(number, name) \
	case number: \
		return PKTMETA_SET(c, name, *(pktmeta_type_##name *)call->value)
#define BOUND_GET(number, name) \
	case number: \
		return PKTMETA_GET(c, name, (pktmeta_type_##name *)call->value)
#define BOUND_PLAIN(what, number, name) \
	case number: \
		return what(c, name)
#define BOUND_FOR_EACH_VALUE(run) \
	run(1, byte_field); \
	run(2, word_field); \
	run(3, long_field); \
	run(4, short_field); \
	run(5, six_field); \
	run(6, wide_field); \
	run(7, absent_field); \
	run(8, odd_field)
#define BOUND_IS_SET(number, name) BOUND_PLAIN(PKTMETA_IS_SET, number, name)
#define BOUND_CLEAR(number, name) BOUND_PLAIN(PKTMETA_CLEAR, number, name)

static __always_inline int perform_bound(struct pktmeta_bound_cursor *c, struct call *call)
{
	switch (call->operation) {
	case CALL_SET:
		switch (call->id) {
			BOUND_PLAIN(PKTMETA_SET_FLAG, 0, flag_field);
			BOUND_FOR_EACH_VALUE(BOUND_SET);
		}
		break;
	case CALL_GET:
		switch (call->id) {
			BOUND_FOR_EACH_VALUE(BOUND_GET);
		}
		break;
	case CALL_IS_SET:
		switch (call->id) {
			BOUND_IS_SET(0, flag_field);
			BOUND_FOR_EACH_VALUE(BOUND_IS_SET);
		}
		break;
	case CALL_CLEAR:
		switch (call->id) {
			BOUND_CLEAR(0, flag_field);
			BOUND_FOR_EACH_VALUE(BOUND_CLEAR);
		}
		break;
	}
	return -1000;
}

#define RUN_BOUND_SCRIPT(ctx) \
	({ \
		__u32 key = 0; \
		struct script *s = bpf_map_lookup_elem(&script, &key); \
		struct pktmeta_bound_cursor c; \
		if (s) { \
			s->opened = pktmeta_open_bound(&c, ctx); \
			s->runs++; \
			if (s->calls[0].operation) \
				s->calls[0].result = perform_bound(&c, &s->calls[0]); \
			if (s->calls[1].operation) \
				s->calls[1].result = perform_bound(&c, &s->calls[1]); \
			if (s->calls[2].operation) \
				s->calls[2].result = perform_bound(&c, &s->calls[2]); \
			if (s->calls[3].operation) \
				s->calls[3].result = perform_bound(&c, &s->calls[3]); \
		} \
	})

#endif
