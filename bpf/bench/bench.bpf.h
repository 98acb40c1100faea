/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Programs that show what an encoding costs: the same, by the same names, in each object of this folder.
 *
 * Fields are f1 to f31, of the types u32, u64, u16, u32, u16, u8, u32, u8 and so on: 8 fields have 26 bytes, 31 have
 * 103. N is 1, 3, 8, 16 or 31. A loop stands for as many packets as make 96 calls: BENCH_LOOPS(N) is 96 / N, rounded
 * down; open and empty have 32.
 *
 *	set_N       for each packet: empties the area by the cheapest store there is, opens it, sets f1 to fN
 *	set_back_N  the same, but fN first and f1 last, where N is more than 1
 *	get_N       for each packet: opens the area, gets f1 to fN and checks their sum; needs the area that fill_N made
 *	empty_N     the loop, with nothing in it
 *	open        for each packet: empties the area and opens it
 *	empty       the loop of open, with nothing in it
 *	fill_N      opens the area, sets f1 to fN to the values that get_N expects, and leaves it there
 *	make_3      a whole program: makes the area, sets 3 fields, removes the area
 *	make_none   the same, but neither opens nor sets
 *	find_3      a whole program: opens an area that is there (open leaves one), sets 3 fields, empties it
 *	pass        a whole program that does nothing
 *	live_set    makes the area, sets 3 fields, and leaves them to
 *	live_get    at TC: gets 3 fields, counts the packet, and drops it or hands it on
 *
 * Whole programs of struct and bound load without CAP_PERFMON; loops never do: the kernel then follows each branch the
 * wrong way too, and finds no end.
 *
 * XDP programs return XDP_PASS if all calls succeeded with the right values, else XDP_ABORTED. All open the area that
 * lies there, or make one: of BENCH_AREA(N) bytes, or of the registry's capacity.
 *
 * An encoding defines, before it includes this file,
 *	BENCH_CURSOR              a type
 *	BENCH_OPEN(c, ctx, size)  a call; the size is a constant, and the encoding may have another of its own
 *	BENCH_SET(c, k, type, value)  likewise, with the field's number as a literal
 *	BENCH_GET(c, k, type, place)
 *	BENCH_EMPTY(c)            makes an open area one without values
 *	BENCH_UNDO(ctx, c)        not 0 if it fails; if it is another than removing bench_capacity bytes
 */
#ifndef BENCH_BPF_H
#define BENCH_BPF_H

#include "bench_fields.bpf.h"
#include "counts.bpf.h"
#include "loop.bpf.h"

#define BENCH_OPENS 32

/* Enough for n fields in each encoding. Kernels before 6.8 grant 32 bytes, which do for 3 fields. */
#define BENCH_AREA(n) ((n) <= 3 ? 32 : (n) <= 8 ? 64 : (n) <= 16 ? 128 : 216)

/* What whole programs make, where the encoding and not the registry has a say. */
#define BENCH_WHOLE 64

/* Bytes that make_3 removes in the end: for pktmeta, the registry's capacity. A loader may fill it in. */
const volatile __u32 bench_capacity = BENCH_WHOLE;

#ifndef BENCH_UNDO
#define BENCH_UNDO(ctx, c) bpf_xdp_adjust_meta(ctx, bench_capacity)
#endif

#define BENCH_SET_VALUE(k, type, number) \
	{ \
		type value = (type)(number); \
		if (BENCH_SET(&c, k, type, value)) \
			return XDP_ABORTED; \
	}
#define BENCH_SET_COUNTING(k, type) BENCH_SET_VALUE(k, type, i + (k))
#define BENCH_SET_FIXED(k, type) BENCH_SET_VALUE(k, type, BENCH_VALUE(k, type))
#define BENCH_GET_SUM(k, type) \
	{ \
		type value = 0; \
		if (BENCH_GET(&c, k, type, value)) \
			return XDP_ABORTED; \
		sum += value; \
		asm volatile("" : "+r"(sum)); /* now: the stack does not hold all values */ \
	}
#define BENCH_EXPECTED(k, type) +BENCH_VALUE(k, type)

#define BENCH_SET_PROGRAM(name, n, fields) \
	SEC("xdp.frags") int name(struct xdp_md *ctx) \
	{ \
		BENCH_CURSOR c; \
		if (BENCH_OPEN(&c, ctx, BENCH_AREA(n))) \
			return XDP_ABORTED; \
		BENCH_LOOP(BENCH_LOOPS(n)) \
		{ \
			BENCH_NEXT_PACKET(ctx, i); \
			BENCH_EMPTY(&c); \
			if (BENCH_OPEN(&c, ctx, BENCH_AREA(n))) \
				return XDP_ABORTED; \
			fields(BENCH_SET_COUNTING) \
		} \
		return XDP_PASS; \
	}

#define BENCH_GET_PROGRAM(n) \
	SEC("xdp.frags") int get_##n(struct xdp_md *ctx) \
	{ \
		BENCH_CURSOR c; \
		BENCH_LOOP(BENCH_LOOPS(n)) \
		{ \
			__u64 sum = 0; \
			BENCH_NEXT_PACKET(ctx, i); \
			if (BENCH_OPEN(&c, ctx, BENCH_AREA(n))) \
				return XDP_ABORTED; \
			BENCH_FIELDS_##n(BENCH_GET_SUM); \
			if (sum != 0ULL BENCH_FIELDS_##n(BENCH_EXPECTED)) \
				return XDP_ABORTED; \
		} \
		return XDP_PASS; \
	}

#define BENCH_EMPTY_PROGRAM(name, loops) \
	SEC("xdp.frags") int name(struct xdp_md *ctx) \
	{ \
		BENCH_LOOP(loops) \
		{ \
			BENCH_NEXT_PACKET(ctx, i); \
		} \
		return XDP_PASS; \
	}

#define BENCH_FILL_PROGRAM(n) \
	SEC("xdp.frags") int fill_##n(struct xdp_md *ctx) \
	{ \
		BENCH_CURSOR c; \
		if (BENCH_OPEN(&c, ctx, BENCH_AREA(n))) \
			return XDP_ABORTED; \
		BENCH_FIELDS_##n(BENCH_SET_FIXED); \
		return XDP_PASS; \
	}

#define BENCH_PROGRAMS(n) \
	BENCH_SET_PROGRAM(set_##n, n, BENCH_FIELDS_##n) \
	BENCH_GET_PROGRAM(n) \
	BENCH_EMPTY_PROGRAM(empty_##n, BENCH_LOOPS(n)) \
	BENCH_FILL_PROGRAM(n)

BENCH_PROGRAMS(1)
BENCH_PROGRAMS(3)
BENCH_PROGRAMS(8)
BENCH_PROGRAMS(16)
BENCH_PROGRAMS(31)

BENCH_SET_PROGRAM(set_back_3, 3, BENCH_BACK_3)
BENCH_SET_PROGRAM(set_back_8, 8, BENCH_BACK_8)
BENCH_SET_PROGRAM(set_back_16, 16, BENCH_BACK_16)
BENCH_SET_PROGRAM(set_back_31, 31, BENCH_BACK_31)

BENCH_EMPTY_PROGRAM(empty, BENCH_OPENS)

SEC("xdp.frags")
int open(struct xdp_md *ctx)
{
	BENCH_CURSOR c;

	if (BENCH_OPEN(&c, ctx, BENCH_AREA(1)))
		return XDP_ABORTED;
	BENCH_LOOP(BENCH_OPENS)
	{
		BENCH_NEXT_PACKET(ctx, i);
		BENCH_EMPTY(&c);
		if (BENCH_OPEN(&c, ctx, BENCH_AREA(1)))
			return XDP_ABORTED;
	}
	return XDP_PASS;
}

SEC("xdp.frags")
int make_3(struct xdp_md *ctx)
{
	BENCH_CURSOR c;

	if (BENCH_OPEN(&c, ctx, BENCH_WHOLE))
		return XDP_ABORTED;
	BENCH_FIELDS_3(BENCH_SET_FIXED);
	return BENCH_UNDO(ctx, &c) ? XDP_ABORTED : XDP_PASS;
}

SEC("xdp.frags")
int make_none(struct xdp_md *ctx)
{
	if (bpf_xdp_adjust_meta(ctx, -(int)bench_capacity))
		return XDP_ABORTED;
	return bpf_xdp_adjust_meta(ctx, bench_capacity) ? XDP_ABORTED : XDP_PASS;
}

SEC("xdp.frags")
int find_3(struct xdp_md *ctx)
{
	BENCH_CURSOR c;

	if (BENCH_OPEN(&c, ctx, BENCH_AREA(3)))
		return XDP_ABORTED;
	BENCH_FIELDS_3(BENCH_SET_FIXED);
	BENCH_EMPTY(&c);
	return XDP_PASS;
}

SEC("xdp.frags")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp.frags")
int live_set(struct xdp_md *ctx)
{
	BENCH_CURSOR c;

	if (BENCH_OPEN(&c, ctx, BENCH_WHOLE))
		return XDP_ABORTED;
	BENCH_FIELDS_3(BENCH_SET_FIXED);
	return XDP_PASS;
}

#define BENCH_GET_RIGHT(k, type) \
	{ \
		type value = 0; \
		if (BENCH_GET(&c, k, type, value) || value != BENCH_VALUE(k, type)) \
			return bench_verdict; \
	}

SEC("tc")
int live_get(struct __sk_buff *skb)
{
	BENCH_CURSOR c;

	bench_count(BENCH_SEEN);
	if (BENCH_OPEN(&c, skb, BENCH_WHOLE))
		return bench_verdict;
	BENCH_FIELDS_3(BENCH_GET_RIGHT);
	bench_count(BENCH_RIGHT);
	return bench_verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";

#endif /* BENCH_BPF_H */
