/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The registry's maps. The loader replaces them by the pinned ones. */
#ifndef PKTMETA_MAPS_BPF_H
#define PKTMETA_MAPS_BPF_H

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PKTMETA_SLOTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct pktmeta_entry);
} pktmeta_fields SEC(".maps");

#ifdef PKTMETA_COUNT
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PKTMETA_SLOTS);
	__type(key, __u32);
	__type(value, struct pktmeta_state);
} pktmeta_state SEC(".maps");
#endif

/* The first word of a slot, loaded whole: the registry word of slot 0, the layout word of the others. */
static __always_inline __u64 __pktmeta_slot_word(__u32 slot)
{
	struct pktmeta_entry *entry = bpf_map_lookup_elem(&pktmeta_fields, &slot);

	return entry ? *(volatile __u64 *)&entry->layout : 0;
}

#endif /* PKTMETA_MAPS_BPF_H */
