/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Programs that set and get all the time, while a test registers, unregisters and moves fields.
 *
 * A value says which field it belongs to: its bytes are a mix of the field's id. Packets are delayed on purpose: each
 * leaves XDP with the area of one that came long before, so that readers meet areas of many generations.
 */
#ifndef TORTURE_BPF_H
#define TORTURE_BPF_H

#define AREA 64
#define DELAYED 4096 /* areas that are held back */
/* Each place in the table is for fields of one size, which must be a constant. */
#define FOR_EACH_TARGET(run) run(0, 4) run(1, 4) run(2, 8) run(3, 8) run(4, 16)
#define TARGETS 6
#define STEADY 0x5eadfa57600d1dea

PKTMETA_FIELD(__u64, steady); /* nobody touches it */

/* Set by bound access, got by its id. It only moves. */
#define MOVER 5
#ifndef STEADY_ONLY
PKTMETA_FIELD(__u32, mover);
#endif

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

enum outcome {
	PACKETS,
	RIGHT,
	WRONG,
	NO_ENTRY,
	FAULT,
	OTHER,
	STEADY_RIGHT,
	STEADY_WRONG,
	STEADY_REFUSED,
	OUTCOMES,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OUTCOMES);
	__type(key, __u32);
	__type(value, __u64);
} outcomes SEC(".maps");

static __always_inline void count(__u32 outcome)
{
	__u64 *n = bpf_map_lookup_elem(&outcomes, &outcome);

	if (n)
		(*n)++;
}

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

static __always_inline void count_get(int err, int wrong)
{
	if (!err)
		count(wrong ? WRONG : RIGHT);
	else if (err == -ENOENT)
		count(NO_ENTRY);
	else if (err == -EFAULT)
		count(FAULT);
	else
		count(OTHER);
}

static __always_inline __u32 target(__u32 index)
{
	__u32 *id = bpf_map_lookup_elem(&targets, &index);

	return id ? *(volatile __u32 *)id : 0;
}

static __always_inline void get_target(const struct pktmeta_cursor *c, __u32 index, __u32 size)
{
	__u32 id = target(index);
	__u64 value[2] = {};
	int err;

	if (!id)
		return;
	err = pktmeta_get(c, id, value, size);
	count_get(err, !err && differs(value, id, size));
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

#ifdef STEADY_ONLY

/* Bound access, loaded anew by pktmeta as the registry changes. */
SEC("tc")
int torture_steady(struct __sk_buff *skb)
{
	struct pktmeta_bound_cursor c;
	__u64 value = 0;

	count(PACKETS);
	pktmeta_open_bound(&c, skb);
	if (PKTMETA_GET(&c, steady, &value))
		count(STEADY_REFUSED);
	else
		count(value == STEADY ? STEADY_RIGHT : STEADY_WRONG);
	return -1;
}

#else

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

SEC("xdp.frags")
int torture_xdp(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;

	if (!pktmeta_open_bound(&c, ctx)) {
		PKTMETA_SET(&c, steady, STEADY);
		PKTMETA_SET(&c, mover, (__u32)mix(PKTMETA_ID(mover)));
#define SET(index, size) set_target(&c.cursor, index, size);
		FOR_EACH_TARGET(SET)
		swap_area(ctx);
	}
	return XDP_PASS;
}

/* Dynamic access by ids that may be stale, in a program that nobody loads anew. */
SEC("tc")
int torture_dynamic(struct __sk_buff *skb)
{
	struct pktmeta_cursor c;

	pktmeta_open(&c, skb);
#define GET(index, size) get_target(&c, index, size);
	FOR_EACH_TARGET(GET)
	GET(MOVER, 4)
	return -1;
}

#endif

char _license[] SEC("license") = "Dual BSD/GPL";

#endif
