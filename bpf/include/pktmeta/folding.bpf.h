/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What a loader fills in (ids, places, sizes) the compiler does not know, but the verifier does. It removes a branch of
 * which it has seen only one end, so the other end must be code of its own. The compiler would merge it with what is
 * alike elsewhere: hence an assignment that is like no other.
 */
#ifndef PKTMETA_FOLDING_BPF_H
#define PKTMETA_FOLDING_BPF_H

#define __PKTMETA_STRING(text) #text
#define __PKTMETA_LITERAL(text) __PKTMETA_STRING(text)
#define __PKTMETA_ASSIGN(result, number) \
	asm volatile("%0 = %1 # " __PKTMETA_LITERAL(__COUNTER__) : "=r"(result) : "i"(number))

/*
 * Has the compiler load a value here, and compute from it what it needs. It would load it anew for each use, or compute
 * all that ever is needed before a loop, more than the stack can hold.
 */
#define __PKTMETA_KEEP(value) asm volatile("" : "+r"(value))

#endif /* PKTMETA_FOLDING_BPF_H */
