// SPDX-License-Identifier: BSD-2-Clause
#include "bpf_objects.h"

#include <string.h>

#if !__has_embed("../../.build/bpf/producer.bpf.o")
#error "The BPF objects are not built yet. Run `make bpf` first, or `make`, which does both."
#endif

static const unsigned char producer[] = {
#embed "../../.build/bpf/producer.bpf.o"
};
static const unsigned char producer_hw[] = {
#embed "../../.build/bpf/producer_hw.bpf.o"
};
static const unsigned char consumer[] = {
#embed "../../.build/bpf/consumer.bpf.o"
};
static const unsigned char scrub[] = {
#embed "../../.build/bpf/scrub.bpf.o"
};
static const unsigned char watcher[] = {
#embed "../../.build/bpf/watcher.bpf.o"
};
static const unsigned char probe[] = {
#embed "../../.build/bpf/probe.bpf.o"
};

/* What `pktmeta bench` compares. */
static const unsigned char bench_none[] = {
#embed "../../.build/bpf/bench/none.bpf.o"
};
static const unsigned char bench_struct[] = {
#embed "../../.build/bpf/bench/struct.bpf.o"
};
static const unsigned char bench_bound[] = {
#embed "../../.build/bpf/bench/bound.bpf.o"
};
static const unsigned char bench_bound_counted[] = {
#embed "../../.build/bpf/bench/bound_counted.bpf.o"
};
static const unsigned char bench_dynamic[] = {
#embed "../../.build/bpf/bench/dynamic.bpf.o"
};
static const unsigned char bench_dynamic_counted[] = {
#embed "../../.build/bpf/bench/dynamic_counted.bpf.o"
};
static const unsigned char bench_keyvalue[] = {
#embed "../../.build/bpf/bench/keyvalue.bpf.o"
};
static const unsigned char bench_keyvalue_fixed[] = {
#embed "../../.build/bpf/bench/keyvalue_fixed.bpf.o"
};
static const unsigned char bench_tlv[] = {
#embed "../../.build/bpf/bench/tlv.bpf.o"
};
static const unsigned char bench_flow[] = {
#embed "../../.build/bpf/bench/flow.bpf.o"
};
static const unsigned char bench_sender[] = {
#embed "../../.build/bpf/bench/sender.bpf.o"
};

#define FILE_OF(name, bytes) \
	{ \
		name, bytes, sizeof(bytes) \
	}

static const struct bpf_object_file files[] = {
	FILE_OF("producer", producer),
	FILE_OF("producer_hw", producer_hw),
	FILE_OF("consumer", consumer),
	FILE_OF("scrub", scrub),
	FILE_OF("watcher", watcher),
	FILE_OF("probe", probe),
	FILE_OF("bench/none", bench_none),
	FILE_OF("bench/struct", bench_struct),
	FILE_OF("bench/bound", bench_bound),
	FILE_OF("bench/bound_counted", bench_bound_counted),
	FILE_OF("bench/dynamic", bench_dynamic),
	FILE_OF("bench/dynamic_counted", bench_dynamic_counted),
	FILE_OF("bench/keyvalue", bench_keyvalue),
	FILE_OF("bench/keyvalue_fixed", bench_keyvalue_fixed),
	FILE_OF("bench/tlv", bench_tlv),
	FILE_OF("bench/flow", bench_flow),
	FILE_OF("bench/sender", bench_sender),
};

struct bpf_object_file bpf_object_file_named(const char *name)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!strcmp(files[i].name, name))
			return files[i];
	return (struct bpf_object_file){name, NULL, 0};
}
