// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "../../bpf/encodings/keyvalue.bpf.h"

#define ENCODING_CURSOR struct keyvalue_cursor
#define ENCODING_OPEN keyvalue_open
#define ENCODING_SET keyvalue_set
#define ENCODING_GET keyvalue_get

#include "encoding.bpf.h"
