// SPDX-License-Identifier: BSD-2-Clause
#include "bench_objects.h"

#if !__has_embed("../../.build/bpf/bench/none.bpf.o")
#error "The benchmark's BPF objects are not built yet. Run `make bpf` first, or `make`, which does both."
#endif

static const unsigned char none[] = {
#embed "../../.build/bpf/bench/none.bpf.o"
};
static const unsigned char hard_struct[] = {
#embed "../../.build/bpf/bench/struct.bpf.o"
};
static const unsigned char bound[] = {
#embed "../../.build/bpf/bench/bound.bpf.o"
};
static const unsigned char bound_counted[] = {
#embed "../../.build/bpf/bench/bound_counted.bpf.o"
};
static const unsigned char dynamic[] = {
#embed "../../.build/bpf/bench/dynamic.bpf.o"
};
static const unsigned char dynamic_counted[] = {
#embed "../../.build/bpf/bench/dynamic_counted.bpf.o"
};
static const unsigned char keyvalue[] = {
#embed "../../.build/bpf/bench/keyvalue.bpf.o"
};
static const unsigned char keyvalue_fixed[] = {
#embed "../../.build/bpf/bench/keyvalue_fixed.bpf.o"
};
static const unsigned char tlv[] = {
#embed "../../.build/bpf/bench/tlv.bpf.o"
};
static const unsigned char flow[] = {
#embed "../../.build/bpf/bench/flow.bpf.o"
};
static const unsigned char skb_map[] = {
#embed "../../.build/bpf/bench/skb_map.bpf.o"
};
static const unsigned char skb_map_lru[] = {
#embed "../../.build/bpf/bench/skb_map_lru.bpf.o"
};
static const unsigned char skb_buffer[] = {
#embed "../../.build/bpf/bench/skb_buffer.bpf.o"
};
static const unsigned char sender[] = {
#embed "../../.build/bpf/bench/sender.bpf.o"
};
static const unsigned char layers[] = {
#embed "../../.build/bpf/bench/layers.bpf.o"
};
static const unsigned char layers_types[] = {
#embed "../../.build/bpf/bench/layers_types.bpf.o"
};
static const unsigned char layers_probe[] = {
#embed "../../.build/bpf/bench/layers_probe.bpf.o"
};
static const unsigned char tracer_probe[] = {
#embed "../../.build/bpf/bench/tracer_probe.bpf.o"
};
static const unsigned char tracer[] = {
#embed "../../.build/bpf/tracer.bpf.o"
};

static const struct bpf_object_file files[] = {
	{.name = "none", .bytes = none, .size = sizeof(none)},
	{.name = "struct", .bytes = hard_struct, .size = sizeof(hard_struct)},
	{.name = "bound", .bytes = bound, .size = sizeof(bound)},
	{.name = "bound_counted", .bytes = bound_counted, .size = sizeof(bound_counted)},
	{.name = "dynamic", .bytes = dynamic, .size = sizeof(dynamic)},
	{.name = "dynamic_counted", .bytes = dynamic_counted, .size = sizeof(dynamic_counted)},
	{.name = "keyvalue", .bytes = keyvalue, .size = sizeof(keyvalue)},
	{.name = "keyvalue_fixed", .bytes = keyvalue_fixed, .size = sizeof(keyvalue_fixed)},
	{.name = "tlv", .bytes = tlv, .size = sizeof(tlv)},
	{.name = "flow", .bytes = flow, .size = sizeof(flow)},
	{.name = "skb_map", .bytes = skb_map, .size = sizeof(skb_map)},
	{.name = "skb_map_lru", .bytes = skb_map_lru, .size = sizeof(skb_map_lru)},
	{.name = "skb_buffer", .bytes = skb_buffer, .size = sizeof(skb_buffer)},
	{.name = "sender", .bytes = sender, .size = sizeof(sender)},
	{.name = "layers", .bytes = layers, .size = sizeof(layers)},
	{.name = "layers_types", .bytes = layers_types, .size = sizeof(layers_types)},
	{.name = "layers_probe", .bytes = layers_probe, .size = sizeof(layers_probe)},
	{.name = "tracer_probe", .bytes = tracer_probe, .size = sizeof(tracer_probe)},
	{.name = "tracer", .bytes = tracer, .size = sizeof(tracer)},
};

struct bpf_object_file bench_object_file_named(const char *name)
{
	return bpf_object_file_in(files, sizeof(files) / sizeof(files[0]), name);
}
