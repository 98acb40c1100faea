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

static const struct bpf_object_file files[] = {
	{"producer", producer, sizeof(producer)}, {"producer_hw", producer_hw, sizeof(producer_hw)},
	{"consumer", consumer, sizeof(consumer)}, {"scrub", scrub, sizeof(scrub)},
	{"watcher", watcher, sizeof(watcher)},    {"probe", probe, sizeof(probe)},
};

struct bpf_object_file bpf_object_file_named(const char *name)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!strcmp(files[i].name, name))
			return files[i];
	return (struct bpf_object_file){name, NULL, 0};
}
