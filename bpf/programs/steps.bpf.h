/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The table of the prebuilt programs, and how to run its steps.
 *
 * The loader fills the table before it freezes .rodata. The verifier then knows every operand and removes every
 * branch not taken, so what remains of 31 unrolled steps is straight-line code for just the registered fields:
 * cost grows with fields, not with slots.
 */
#ifndef PKTMETA_STEPS_BPF_H
#define PKTMETA_STEPS_BPF_H

#include <pktmeta/loader.h>

const volatile struct pktmeta_table pktmeta_table = {};

/* Unrolled by hand: clang gives up on a `#pragma unroll` of this size. */
/* clang-format off */
#define __STEP(run, i) run(&pktmeta_table.steps[i])
#define FOR_EACH_STEP(run) \
	__STEP(run, 0) __STEP(run, 1) __STEP(run, 2) __STEP(run, 3) __STEP(run, 4) __STEP(run, 5) __STEP(run, 6) __STEP(run, 7) \
	__STEP(run, 8) __STEP(run, 9) __STEP(run, 10) __STEP(run, 11) __STEP(run, 12) __STEP(run, 13) __STEP(run, 14) __STEP(run, 15) \
	__STEP(run, 16) __STEP(run, 17) __STEP(run, 18) __STEP(run, 19) __STEP(run, 20) __STEP(run, 21) __STEP(run, 22) __STEP(run, 23) \
	__STEP(run, 24) __STEP(run, 25) __STEP(run, 26) __STEP(run, 27) __STEP(run, 28) __STEP(run, 29) __STEP(run, 30)
/* clang-format on */

#endif /* PKTMETA_STEPS_BPF_H */
