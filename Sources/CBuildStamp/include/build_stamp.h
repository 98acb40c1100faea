/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BUILD_STAMP_H
#define BUILD_STAMP_H

#define BUILD_STAMP_SIZE 256

/* What `make release` has written into the program: text that ends with a zero; empty in any other build. */
void build_stamp(char text[BUILD_STAMP_SIZE]);

#endif /* BUILD_STAMP_H */
