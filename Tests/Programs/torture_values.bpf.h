/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Fields that a test registers, unregisters and moves while programs set and get them: what they are to have, and areas
 * that come late.
 */
#ifndef TORTURE_VALUES_BPF_H
#define TORTURE_VALUES_BPF_H

#define AREA 64
#define DELAYED 4096 /* areas that are held back */
/* Each place in the table is for fields of one size, which must be a constant. */
#define FOR_EACH_TARGET(run) run(0, 4) run(1, 4) run(2, 8) run(3, 8) run(4, 16)
#define TARGETS 6

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TARGETS);
	__type(key, __u32);
	__type(value, __u32); /* a field's id, which may be stale; or 0 */
} targets SEC(".maps");

struct held {
	__u64 words[AREA / 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); /* or two CPUs would mix areas */
	__uint(max_entries, DELAYED);
	__type(key, __u32);
	__type(value, struct held);
} held SEC(".maps");

static __always_inline __u64 mix(__u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* All bytes of a value, whatever its size, belong to the id. */
static __always_inline void fill(__u64 *value, __u32 id)
{
	value[0] = mix(id);
	value[1] = mix(id + 0x100000000);
}

static __always_inline int differs(const __u64 *value, __u32 id, __u32 size)
{
	__u64 mask = size >= 8 ? ~0ULL : (1ULL << (8 * size)) - 1;

	return ((value[0] ^ mix(id)) & mask) || (size == 16 && value[1] != mix(id + 0x100000000));
}

static __always_inline __u32 target(__u32 index)
{
	__u32 *id = bpf_map_lookup_elem(&targets, &index);

	return id ? *(volatile __u32 *)id : 0;
}

static __always_inline void set_target(struct pktmeta_cursor *c, __u32 index, __u32 size)
{
	__u32 id = target(index);
	__u64 value[2];

	if (!id)
		return;
	fill(value, id);
	pktmeta_set(c, id, value, size);
}

/* The packet gets the area of an earlier one, and leaves its own to a later one. */
static __always_inline void swap_area(struct xdp_md *ctx)
{
	__u32 key = bpf_get_prandom_u32() % DELAYED;
	struct held *other = bpf_map_lookup_elem(&held, &key);
	__u64 *place = (void *)(long)ctx->data_meta;
	__u64 stamp;

	if (!other || (void *)place + AREA > (void *)(long)ctx->data)
		return;
	stamp = other->words[AREA / 8 - 1]; /* 0: none was left there yet */
#pragma unroll
	for (int i = 0; i < AREA / 8; i++) {
		__u64 word = place[i];

		if (stamp)
			place[i] = other->words[i];
		other->words[i] = word;
	}
}

#endif
