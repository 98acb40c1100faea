// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "../../bpf/encodings/tlv.bpf.h"

#define ENCODING_CURSOR struct tlv_cursor
#define ENCODING_OPEN tlv_open
#define ENCODING_SET tlv_set
#define ENCODING_GET tlv_get

#include "encoding.bpf.h"
