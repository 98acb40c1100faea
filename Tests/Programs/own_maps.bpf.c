// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* A map of each kind that an object may declare, and that a program which names fields keeps as it is loaded anew. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

PKTMETA_FIELD(__u32, shared);

/* Kinds that the headers of older systems do not name. */
#define MAP_TYPE_USER_RINGBUF 31
#define MAP_TYPE_CGRP_STORAGE 32
#define MAP_TYPE_ARENA 33

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

#define MAP(name, kind, entries, key_type, value_type) \
	struct { \
		__uint(type, kind); \
		__uint(max_entries, entries); \
		__type(key, key_type); \
		__type(value, value_type); \
	} name SEC(".maps")

#define FLAGGED_MAP(name, kind, entries, flags, key_type, value_type) \
	struct { \
		__uint(type, kind); \
		__uint(max_entries, entries); \
		__uint(map_flags, flags); \
		__type(key, key_type); \
		__type(value, value_type); \
	} name SEC(".maps")

#define KEYLESS_MAP(name, kind, entries, value_type) \
	struct { \
		__uint(type, kind); \
		__uint(max_entries, entries); \
		__type(value, value_type); \
	} name SEC(".maps")

struct lpm_key {
	__u32 prefix_length;
	__u32 address;
};

MAP(hash, BPF_MAP_TYPE_HASH, 8, __u32, __u64);
MAP(percpu_hash, BPF_MAP_TYPE_PERCPU_HASH, 8, __u32, __u64);
MAP(lru_hash, BPF_MAP_TYPE_LRU_HASH, 8, __u32, __u64);
MAP(lru_percpu, BPF_MAP_TYPE_LRU_PERCPU_HASH, 8, __u32, __u64);
MAP(array, BPF_MAP_TYPE_ARRAY, 2, __u32, __u64);
MAP(percpu_array, BPF_MAP_TYPE_PERCPU_ARRAY, 2, __u32, __u64);
MAP(events, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 0, __u32, __u32);
MAP(programs, BPF_MAP_TYPE_PROG_ARRAY, 2, __u32, __u32);
MAP(cgroups, BPF_MAP_TYPE_CGROUP_ARRAY, 2, __u32, __u32);
MAP(traces, BPF_MAP_TYPE_STACK_TRACE, 8, __u32, __u64);
MAP(devices, BPF_MAP_TYPE_DEVMAP, 2, __u32, __u32);
MAP(device_hash, BPF_MAP_TYPE_DEVMAP_HASH, 2, __u32, __u32);
MAP(cpus, BPF_MAP_TYPE_CPUMAP, 2, __u32, __u32);
MAP(xsks, BPF_MAP_TYPE_XSKMAP, 2, __u32, __u32);
MAP(sockets, BPF_MAP_TYPE_SOCKMAP, 2, __u32, __u32);
MAP(socket_hash, BPF_MAP_TYPE_SOCKHASH, 2, __u32, __u32);
MAP(reuseport, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 2, __u32, __u64);
FLAGGED_MAP(prefixes, BPF_MAP_TYPE_LPM_TRIE, 8, BPF_F_NO_PREALLOC, struct lpm_key, __u64);
FLAGGED_MAP(sk_storage, BPF_MAP_TYPE_SK_STORAGE, 0, BPF_F_NO_PREALLOC, int, __u64);
FLAGGED_MAP(inode_storage, BPF_MAP_TYPE_INODE_STORAGE, 0, BPF_F_NO_PREALLOC, int, __u64);
FLAGGED_MAP(task_storage, BPF_MAP_TYPE_TASK_STORAGE, 0, BPF_F_NO_PREALLOC, int, __u64);
FLAGGED_MAP(group_storage, MAP_TYPE_CGRP_STORAGE, 0, BPF_F_NO_PREALLOC, int, __u64);
MAP(old_storage, BPF_MAP_TYPE_CGROUP_STORAGE, 0, struct bpf_cgroup_storage_key, __u64);
KEYLESS_MAP(queue, BPF_MAP_TYPE_QUEUE, 4, __u64);
KEYLESS_MAP(stack, BPF_MAP_TYPE_STACK, 4, __u64);
KEYLESS_MAP(bloom, BPF_MAP_TYPE_BLOOM_FILTER, 16, __u64);

struct ring ring SEC(".maps");
struct ring ring_of_map SEC(".maps");

struct {
	__uint(type, MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} user_ring SEC(".maps");

struct {
	__uint(type, MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
} arena SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct ring);
} array_of_maps SEC(".maps") = {.values = {[0] = &ring_of_map}};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct ring);
} hash_of_maps SEC(".maps") = {.values = {[0] = &ring_of_map}};

static __always_inline int pass(void *ctx, int is_tc)
{
	struct pktmeta_bound_cursor c;
	__u32 key = 0, value = 0;
	__u64 *count;

	if (is_tc)
		pktmeta_open_bound(&c, (struct __sk_buff *)ctx);
	else
		pktmeta_open_bound(&c, (struct xdp_md *)ctx);
	PKTMETA_GET(&c, shared, &value);
	count = bpf_map_lookup_elem(&array, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	bpf_ringbuf_output(&ring, &value, sizeof(value), 0);
	return 0;
}

SEC("xdp.frags")
int keeper(struct xdp_md *ctx)
{
	pass(ctx, 0);
	return pktmeta_next(ctx, XDP_PASS);
}

SEC("tcx/ingress")
int tc_keeper(struct __sk_buff *skb)
{
	pass(skb, 1);
	return -1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
