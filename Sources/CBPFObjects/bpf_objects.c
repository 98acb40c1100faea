// SPDX-License-Identifier: BSD-2-Clause
#include "bpf_objects.h"

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
static const unsigned char tracer[] = {
#embed "../../.build/bpf/tracer.bpf.o"
};
static const unsigned char steer[] = {
#embed "../../.build/bpf/steer.bpf.o"
};
static const unsigned char sockets[] = {
#embed "../../.build/bpf/sockets.bpf.o"
};
static const unsigned char probe[] = {
#embed "../../.build/bpf/probe.bpf.o"
};

static const struct bpf_object_file files[] = {
	{.name = "producer", .bytes = producer, .size = sizeof(producer)},
	{.name = "producer_hw", .bytes = producer_hw, .size = sizeof(producer_hw)},
	{.name = "consumer", .bytes = consumer, .size = sizeof(consumer)},
	{.name = "scrub", .bytes = scrub, .size = sizeof(scrub)},
	{.name = "watcher", .bytes = watcher, .size = sizeof(watcher)},
	{.name = "tracer", .bytes = tracer, .size = sizeof(tracer)},
	{.name = "steer", .bytes = steer, .size = sizeof(steer)},
	{.name = "sockets", .bytes = sockets, .size = sizeof(sockets)},
	{.name = "probe", .bytes = probe, .size = sizeof(probe)},
};

struct bpf_object_file bpf_object_file_named(const char *name)
{
	return bpf_object_file_in(files, sizeof(files) / sizeof(files[0]), name);
}
