// SPDX-License-Identifier: BSD-2-Clause
#include "build_stamp.h"

/*
 * In a section of its own, whose bytes .make/stamp replaces once the program is linked: so that a commit that changes
 * no source has nothing compiled anew. The compiler must not know what is in it.
 */
__attribute__((section(".pktmeta_build"), used)) static const volatile char stamp[BUILD_STAMP_SIZE] = {0};

void build_stamp(char text[BUILD_STAMP_SIZE])
{
	for (int i = 0; i < BUILD_STAMP_SIZE; i++)
		text[i] = stamp[i];
	text[BUILD_STAMP_SIZE - 1] = 0;
}
