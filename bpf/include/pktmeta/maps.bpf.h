/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The registry's maps. The loader replaces them by the pinned ones. */
#ifndef PKTMETA_MAPS_BPF_H
#define PKTMETA_MAPS_BPF_H

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct pktmeta_registry);
} pktmeta_fields SEC(".maps");

#ifdef PKTMETA_COUNT
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PKTMETA_SLOTS);
	__type(key, __u32);
	__type(value, struct pktmeta_state);
} pktmeta_state SEC(".maps");
#endif

static __always_inline const struct pktmeta_registry *__pktmeta_registry(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&pktmeta_fields, &zero);
}

/* A word of the registry, loaded whole: the registry word is that of slot 0. 0 if there is no registry or no such slot.
 */
static __always_inline __u64 __pktmeta_word(const struct pktmeta_registry *registry, __u32 slot)
{
	return registry && slot < PKTMETA_SLOTS ? *(volatile __u64 *)&registry->words[slot] : 0;
}

#endif /* PKTMETA_MAPS_BPF_H */
