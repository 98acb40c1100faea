/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A value that tells for which packet it was set, so that another packet's value is seen to be wrong. */
#ifndef SURVIVAL_BPF_H
#define SURVIVAL_BPF_H

/* The lowest byte is the packet's marker. */
const volatile __u64 survivor = 0x5375727669766f00ULL;

#define SURVIVOR survivor

const volatile __u32 survivor_id = 0;
const volatile __s32 marker_at = 0; /* the byte of the packet that is its marker; negative: from the end */

static __always_inline __u32 marker_offset(__u32 length)
{
	return marker_at < 0 ? length + marker_at : marker_at;
}

/* Of every third packet: those whose start XDP moves. */
static __always_inline int is_third(__u8 marker)
{
	return marker % 3 == 0;
}

#endif
