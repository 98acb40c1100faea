/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Bound access to fields of several shapes, for a loader that is not pktmeta, with what each call returned. */
#ifndef EXPORTED_BPF_H
#define EXPORTED_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

struct trace {
	__u64 words[2];
};

struct station {
	__u8 bytes[6];
};

PKTMETA_FIELD(__u32, tenant);
PKTMETA_FIELD(struct trace, trace_id);
PKTMETA_FIELD(struct station, station);
PKTMETA_FIELD(__u16, never_registered);
PKTMETA_FLAG(trusted);

struct report {
	__s32 opened;
	__s32 tenant;
	__s32 trace_id;
	__s32 station;
	__s32 trusted;
	__s32 never_registered;
	__s32 by_id;
	__u32 kernel_types; /* whether the loader knows those of the kernel */
	__u32 tenant_value;
	__u32 by_id_value;
	struct trace trace_value;
	struct station station_value;
	__u8 pad[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct report);
} report SEC(".maps");

static __always_inline struct report *the_report(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&report, &key);
}

SEC("xdp")
int set_all(struct xdp_md *ctx)
{
	struct report *r = the_report();
	struct trace trace = {.words = {0x1111111111111111, 0x2222222222222222}};
	struct station station = {.bytes = {2, 0, 0x5e, 0x10, 0, 0xff}};
	struct pktmeta_bound_cursor c;

	if (!r)
		return XDP_ABORTED;
	r->opened = pktmeta_open_bound(&c, ctx);
	r->tenant = PKTMETA_SET(&c, tenant, 0x01020304);
	r->trace_id = PKTMETA_SET(&c, trace_id, trace);
	r->station = PKTMETA_SET(&c, station, station);
	r->never_registered = PKTMETA_SET(&c, never_registered, 7);
	r->trusted = PKTMETA_SET_FLAG(&c, trusted);
	return XDP_PASS;
}

SEC("xdp")
int get_all(struct xdp_md *ctx)
{
	struct report *r = the_report();
	struct pktmeta_bound_cursor c;
	__u16 unused;

	if (!r)
		return XDP_ABORTED;
	r->opened = pktmeta_open_bound(&c, ctx);
	r->tenant = PKTMETA_GET(&c, tenant, &r->tenant_value);
	r->trace_id = PKTMETA_GET(&c, trace_id, &r->trace_value);
	r->station = PKTMETA_GET(&c, station, &r->station_value);
	r->never_registered = PKTMETA_GET(&c, never_registered, &unused);
	r->trusted = PKTMETA_IS_SET(&c, trusted);
	r->by_id = pktmeta_get(&c.cursor, PKTMETA_ID(tenant), &r->by_id_value, sizeof(r->by_id_value));
	return XDP_PASS;
}

/* Of the kernel's types, only its existence is asked for. */
struct sk_buff {
	int len;
} __attribute__((preserve_access_index));

SEC("xdp")
int ask_for_kernel_types(struct xdp_md *ctx)
{
	struct report *r = the_report();

	if (r)
		r->kernel_types = bpf_core_type_exists(struct sk_buff);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";

#endif
