// SPDX-License-Identifier: BSD-2-Clause
#include "zlib_shims.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Bytes of base64 (RFC 4648), or 0 if it is not that; the result has room for three of each four digits. */
static size_t decode(const unsigned char *text, size_t length, unsigned char *result)
{
	uint8_t values[256];
	uint32_t bits = 0;
	size_t count = 0;

	memset(values, 0xff, sizeof(values));
	for (uint8_t value = 0; value < 64; value++)
		values[(unsigned char)digits[value]] = value;
	while (length && text[length - 1] == '=')
		length--;
	for (size_t i = 0; i < length; i++) {
		if (values[text[i]] == 0xff)
			return 0;
		bits = bits << 6 | values[text[i]];
		if (i % 4)
			result[count++] = bits >> (6 - 2 * (i % 4));
	}
	return count;
}

/* Whether a gzip file has exactly that many bytes, which it puts there. */
static bool decompress(unsigned char *packed, size_t length, unsigned char *result, size_t count)
{
	z_stream stream = {.next_in = packed, .avail_in = length, .next_out = result, .avail_out = count};
	bool is_whole;

	if (inflateInit2(&stream, MAX_WBITS + 16) != Z_OK)
		return false;
	is_whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_out == 0;
	inflateEnd(&stream);
	return is_whole;
}

unsigned char *zlib_unpack(const unsigned char *packed, size_t length, size_t count)
{
	unsigned char *compressed = malloc(length);
	unsigned char *result = malloc(count);

	if (!compressed || !result || !decompress(compressed, decode(packed, length, compressed), result, count)) {
		free(result);
		result = NULL;
	}
	free(compressed);
	return result;
}
