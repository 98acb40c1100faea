/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The first N fields, in both orders: F(number, type) for each. And the values that they get. */
#ifndef BENCH_FIELDS_BPF_H
#define BENCH_FIELDS_BPF_H

/* What fill_N and live_set set a field to. */
#define BENCH_VALUE(k, type) ((type)(0x0123456789abcdefULL * (2 * (k) + 1)))

/* clang-format breaks the lines of these lists elsewhere each time. */
/* clang-format off */
#define BENCH_FIELDS_1(F) F(1, __u32)
#define BENCH_FIELDS_3(F) \
	BENCH_FIELDS_1(F) F(2, __u64) F(3, __u16)
#define BENCH_FIELDS_8(F) \
	BENCH_FIELDS_3(F) F(4, __u32) F(5, __u16) F(6, __u8) F(7, __u32) F(8, __u8)
#define BENCH_FIELDS_16(F) \
	BENCH_FIELDS_8(F) F(9, __u32) F(10, __u64) F(11, __u16) F(12, __u32) F(13, __u16) \
	F(14, __u8) F(15, __u32) F(16, __u8)
#define BENCH_FIELDS_31(F) \
	BENCH_FIELDS_16(F) F(17, __u32) F(18, __u64) F(19, __u16) F(20, __u32) F(21, __u16) \
	F(22, __u8) F(23, __u32) F(24, __u8) F(25, __u32) F(26, __u64) F(27, __u16) F(28, __u32) \
	F(29, __u16) F(30, __u8) F(31, __u32)

#define BENCH_BACK_3(F) \
	F(3, __u16) F(2, __u64) F(1, __u32)
#define BENCH_BACK_8(F) \
	F(8, __u8) F(7, __u32) F(6, __u8) F(5, __u16) F(4, __u32) BENCH_BACK_3(F)
#define BENCH_BACK_16(F) \
	F(16, __u8) F(15, __u32) F(14, __u8) F(13, __u16) F(12, __u32) F(11, __u16) F(10, __u64) \
	F(9, __u32) BENCH_BACK_8(F)
#define BENCH_BACK_31(F) \
	F(31, __u32) F(30, __u8) F(29, __u16) F(28, __u32) F(27, __u16) F(26, __u64) F(25, __u32) \
	F(24, __u8) F(23, __u32) F(22, __u8) F(21, __u16) F(20, __u32) F(19, __u16) F(18, __u64) \
	F(17, __u32) BENCH_BACK_16(F)
/* clang-format on */

#endif /* BENCH_FIELDS_BPF_H */
