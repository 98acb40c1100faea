/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Calls that a test asks for, one after the other on one cursor, with what each returned. */
#ifndef CONTRACT_BPF_H
#define CONTRACT_BPF_H

#include "script.bpf.h"

/* The size must be a constant, so each that a test uses has a call of its own. */
#define FOR_SIZE(name, cursor, call, n) \
	case n: \
		return name(cursor, (call)->id, (call)->value, n)
#define FOR_EACH_SIZE(name, cursor, call) \
	FOR_SIZE(name, cursor, call, 0); \
	FOR_SIZE(name, cursor, call, 1); \
	FOR_SIZE(name, cursor, call, 2); \
	FOR_SIZE(name, cursor, call, 3); \
	FOR_SIZE(name, cursor, call, 4); \
	FOR_SIZE(name, cursor, call, 6); \
	FOR_SIZE(name, cursor, call, 7); \
	FOR_SIZE(name, cursor, call, 8); \
	FOR_SIZE(name, cursor, call, 13); \
	FOR_SIZE(name, cursor, call, 16); \
	FOR_SIZE(name, cursor, call, 56); \
	FOR_SIZE(name, cursor, call, 64); \
	FOR_SIZE(name, cursor, call, 65); \
	FOR_SIZE(name, cursor, call, 255); \
	FOR_SIZE(name, cursor, call, 256); \
	FOR_SIZE(name, cursor, call, 260); \
	FOR_SIZE(name, cursor, call, 70000)

static __always_inline int perform(struct pktmeta_cursor *c, struct call *call)
{
	switch (call->operation) {
	case CALL_SET:
		switch (call->size) {
			FOR_EACH_SIZE(pktmeta_set, c, call);
		}
		break;
	case CALL_GET:
		switch (call->size) {
			FOR_EACH_SIZE(pktmeta_get, c, call);
		}
		break;
	case CALL_IS_SET:
		return pktmeta_is_set(c, call->id);
	case CALL_CLEAR:
		return pktmeta_clear(c, call->id);
	}
	return -1000;
}

#define RUN_SCRIPT(ctx) \
	({ \
		__u32 key = 0; \
		struct script *s = bpf_map_lookup_elem(&script, &key); \
		struct pktmeta_cursor c; \
		if (s) { \
			s->opened = pktmeta_open(&c, ctx); \
			s->runs++; \
			if (s->calls[0].operation) \
				s->calls[0].result = perform(&c, &s->calls[0]); \
			if (s->calls[1].operation) \
				s->calls[1].result = perform(&c, &s->calls[1]); \
			if (s->calls[2].operation) \
				s->calls[2].result = perform(&c, &s->calls[2]); \
			if (s->calls[3].operation) \
				s->calls[3].result = perform(&c, &s->calls[3]); \
		} \
	})

#endif
