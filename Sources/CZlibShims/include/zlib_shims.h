/* SPDX-License-Identifier: BSD-2-Clause */
/* What a build packs by `gzip | base64`, unpacked. */
#ifndef ZLIB_SHIMS_H
#define ZLIB_SHIMS_H

#include <stddef.h>

/* As many bytes as that, allocated, or NULL: without memory, or if it is not what was packed. */
unsigned char *zlib_unpack(const unsigned char *packed, size_t length, size_t count);

#endif
