// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Calls all that generate-header makes for a field of each type. The test makes fields.h. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "fields.h"

#define FIELDS 12

struct report {
	__s32 opened;
	__s32 is_set[FIELDS]; /* before it was set */
	__s32 missing[FIELDS];
	__s32 set[FIELDS];
	__s32 got[FIELDS];
	__s32 set_at_last[FIELDS]; /* all are set, then every second one is cleared */
	__s32 pad[3];
	__u8 values[FIELDS][PKTMETA_VALUE_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct report);
} report SEC(".maps");

#define EXERCISE(k, name, ctype, argument, place) \
	do { \
		r->is_set[k] = pktmeta_is_set_##name(&c); \
		r->missing[k] = pktmeta_get_##name(&c, place); \
		r->set[k] = pktmeta_set_##name(&c, argument); \
		__builtin_memset(place, 0, sizeof(ctype)); \
		r->got[k] = pktmeta_get_##name(&c, place); \
		__builtin_memcpy(r->values[k], place, sizeof(ctype)); \
	} while (0)

#define NUMBER(k, name, ctype, number) \
	do { \
		ctype place = 0; \
		EXERCISE(k, name, ctype, number, &place); \
	} while (0)

#define STRUCT(k, name, tag) \
	do { \
		struct tag value, place; \
		__builtin_memset(&value, 0x10 + (k), sizeof(value)); \
		EXERCISE(k, name, struct tag, &value, &place); \
	} while (0)

SEC("xdp")
int exercise(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct report *r = bpf_map_lookup_elem(&report, &key);
	struct pktmeta_cursor c;

	if (!r)
		return XDP_ABORTED;
	r->opened = pktmeta_open(&c, ctx);
	r->is_set[0] = pktmeta_is_set_a_flag(&c);
	r->missing[0] = pktmeta_get_a_flag(&c);
	r->set[0] = pktmeta_set_a_flag(&c);
	r->got[0] = pktmeta_get_a_flag(&c);
	NUMBER(1, a_u8, __u8, 0x11);
	NUMBER(2, a_u16, __u16, 0x1212);
	NUMBER(3, a_u32, __u32, 0x13131313);
	NUMBER(4, a_u64, __u64, 0x1414141414141414);
	NUMBER(5, a_be16, __be16, 0x1515);
	NUMBER(6, a_be32, __be32, 0x16161616);
	NUMBER(7, an_ipv4, __be32, 0x17171717);
	STRUCT(8, an_ipv6, pktmeta_value_ipv6);
	STRUCT(9, a_mac, pktmeta_value_mac);
	STRUCT(10, odd_bytes, pktmeta_value_bytes_13);
	STRUCT(11, many_bytes, pktmeta_value_bytes_64);

	pktmeta_clear_a_flag(&c);
	pktmeta_clear_a_u16(&c);
	pktmeta_clear_a_u64(&c);
	pktmeta_clear_a_be32(&c);
	pktmeta_clear_an_ipv6(&c);
	pktmeta_clear_odd_bytes(&c);
	r->set_at_last[0] = pktmeta_is_set_a_flag(&c);
	r->set_at_last[1] = pktmeta_is_set_a_u8(&c);
	r->set_at_last[2] = pktmeta_is_set_a_u16(&c);
	r->set_at_last[3] = pktmeta_is_set_a_u32(&c);
	r->set_at_last[4] = pktmeta_is_set_a_u64(&c);
	r->set_at_last[5] = pktmeta_is_set_a_be16(&c);
	r->set_at_last[6] = pktmeta_is_set_a_be32(&c);
	r->set_at_last[7] = pktmeta_is_set_an_ipv4(&c);
	r->set_at_last[8] = pktmeta_is_set_an_ipv6(&c);
	r->set_at_last[9] = pktmeta_is_set_a_mac(&c);
	r->set_at_last[10] = pktmeta_is_set_odd_bytes(&c);
	r->set_at_last[11] = pktmeta_is_set_many_bytes(&c);
	return XDP_PASS;
}

/* An id of the header and one by name are the same; a macro must not stand in the way of PKTMETA_ID. */
SEC("xdp")
int compare_ids(struct xdp_md *ctx)
{
	return PKTMETA_ID(a_u32) == PKTMETA_FIELD_ID_a_u32 ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
