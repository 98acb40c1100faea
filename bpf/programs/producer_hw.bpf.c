// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The producer, bound to one device and asking its driver: an object of its own, since the kernel functions make
 * libbpf read the kernel's types, which takes longer than all else.
 */
#define PKTMETA_HARDWARE
#include "producer.bpf.c"
