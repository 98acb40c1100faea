/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Loops, each iteration of which stands for a packet of its own. */
#ifndef BENCH_LOOP_BPF_H
#define BENCH_LOOP_BPF_H

#define BENCH_LOOPS(n) (96 / (n))

/*
 * Begins another packet: what was loaded of the last one is forgotten, and the compiler does not know how many are
 * to come. The context is hidden, or clang 14 loads through a computed address in it, which the verifier refuses.
 */
#define BENCH_NEXT_PACKET(ctx, i) asm volatile("" : "+r"(ctx), "+r"(i) : : "memory")

#define BENCH_LOOP(loops) _Pragma("clang loop unroll(disable)") for (__u64 i = 0; i < (loops); i++)

#endif /* BENCH_LOOP_BPF_H */
