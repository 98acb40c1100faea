/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Values as words, with zeros behind them. */
#ifndef PKTMETA_WORDS_BPF_H
#define PKTMETA_WORDS_BPF_H

/* A word with zeros behind so many bytes, from 1 on. */
static __always_inline __u64 first_bytes(__u64 word, __u32 count)
{
	if (count >= 8)
		return word;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return word >> (64 - 8 * count) << (64 - 8 * count);
#else
	return word << (64 - 8 * count) >> (64 - 8 * count);
#endif
}

#endif /* PKTMETA_WORDS_BPF_H */
