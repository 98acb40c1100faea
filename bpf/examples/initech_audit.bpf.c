// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Initech ships an auditor as a compiled object. What its customers call their fields it cannot know when it compiles,
 * so no names are in it: ids come from the customer's configuration, and the auditor's loader puts them into a map.
 * That loader knows nothing of pktmeta but the registry's pin. By hand, as an example:
 *
 *	clang -O2 -g -target bpf -mcpu=v3 -I bpf/include -I /usr/include/$(uname -m)-linux-gnu \
 *		-c bpf/examples/initech_audit.bpf.c -o initech_audit.bpf.o
 *	bpftool prog load initech_audit.bpf.o /sys/fs/bpf/audit \
 *		map name pktmeta_fields pinned /sys/fs/bpf/pktmeta/registry
 *	bpftool map update name audit_config key 0 0 0 0 value 0x01 0xad 0x36 0x01 0x02 0x31 0xc3 0x01
 *	bpftool net attach tcx_ingress pinned /sys/fs/bpf/audit dev eth0
 *
 * where the value is the two ids that `pktmeta register-field` printed, each with its lowest byte first; bpftool
 * releases from before 2024 attach to TC by filters only: tc filter add dev eth0 ingress bpf da pinned ...
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#define TCX_NEXT (-1)

struct audit_config {
	__u32 subject; /* id of a field of 4 bytes: whom a packet is accounted to */
	__u32 trace;   /* id of a field of 8 bytes */
};

struct audit_record {
	__u64 packets;
	__u64 traced;
	__u8 last_trace[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct audit_config);
} audit_config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct audit_record);
} audit_records SEC(".maps");

/* Packets that could not be accounted to anyone: the gap that an auditor must report. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} audit_gaps SEC(".maps");

SEC("tc")
int initech_audit(struct __sk_buff *skb)
{
	__u32 zero = 0, subject = 0;
	const struct audit_config *config = bpf_map_lookup_elem(&audit_config, &zero);
	__u64 *gaps = bpf_map_lookup_elem(&audit_gaps, &zero);
	struct audit_record *record, none = {};
	struct pktmeta_cursor c;

	if (!config || !gaps)
		return TCX_NEXT;
	pktmeta_open(&c, skb);
	if (pktmeta_get(&c, config->subject, &subject, sizeof(subject))) {
		__atomic_fetch_add(gaps, 1, __ATOMIC_RELAXED);
		return TCX_NEXT;
	}
	bpf_map_update_elem(&audit_records, &subject, &none, BPF_NOEXIST);
	record = bpf_map_lookup_elem(&audit_records, &subject);
	if (!record)
		return TCX_NEXT;
	__atomic_fetch_add(&record->packets, 1, __ATOMIC_RELAXED);
	if (!pktmeta_get(&c, config->trace, record->last_trace, sizeof(record->last_trace)))
		__atomic_fetch_add(&record->traced, 1, __ATOMIC_RELAXED);
	return TCX_NEXT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
