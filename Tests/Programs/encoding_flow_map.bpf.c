// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define FLOW_MAP_FLOWS 8

#include "../../bpf/encodings/flow_map.bpf.h"

#define ENCODING_CURSOR struct flow_map_cursor
#define ENCODING_OPEN flow_map_open
#define ENCODING_SET flow_map_set
#define ENCODING_GET flow_map_get

#include "encoding.bpf.h"
