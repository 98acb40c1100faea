/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The registry's maps. The loader replaces them by the pinned ones. They are weak, as is the chain's, so that several
 * objects that include this file can be linked to one (bpftool gen object).
 */
#ifndef PKTMETA_MAPS_BPF_H
#define PKTMETA_MAPS_BPF_H

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct pktmeta_registry);
} pktmeta_fields __weak SEC(".maps");

#ifdef PKTMETA_COUNT
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pktmeta_state);
} pktmeta_state __weak SEC(".maps");
#endif

static __always_inline const struct pktmeta_registry *__pktmeta_registry(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&pktmeta_fields, &zero);
}

/* The registry word, loaded whole; 0 if there is no registry. */
static __always_inline __u64 __pktmeta_registry_word(const struct pktmeta_registry *registry)
{
	return registry ? *(volatile __u64 *)&registry->word : 0;
}

/*
 * The layout word of the slot that an id leads to; one that does not match it if there is no registry. In a map of all
 * zeroes, which no loader has filled in, only id 0 matches, which is nobody's, and open finds no registry.
 */
static __always_inline __u64 __pktmeta_layout_word(const struct pktmeta_registry *registry, __u32 id)
{
	return registry ? *(volatile __u64 *)&registry->layouts[id % PKTMETA_SLOTS] : (__u64)~id << 32;
}

#endif /* PKTMETA_MAPS_BPF_H */
