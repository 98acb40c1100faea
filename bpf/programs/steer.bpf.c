// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Picks the socket of an SO_REUSEPORT group that a packet goes to, by the value of a field.
 *
 * Values may have an entry of their own in the map values; any other leads to the socket of its number modulo the
 * number of sockets. Where there is no value, or no socket, the kernel chooses by the packet's hash, as it does without
 * this program. The field is got by its id, so that the program stays right however the registry changes: of a field
 * that is gone, no packet has a value.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/loader.h>
#include <pktmeta/skb.bpf.h>

#include "decode.bpf.h"

const volatile struct pktmeta_steering pktmeta_steering = {};

/* The loader makes it as large as there are sockets. */
struct {
	__uint(type, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} sockets SEC(".maps");

/* Indices of sockets. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PKTMETA_STEERING_VALUES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u32);
} values SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pktmeta_steering_counts);
} counts SEC(".maps");

/* A flag is 1 where it is set, and 0 in each other area. */
static __always_inline int take_number(struct sk_reuseport_md *ctx, __u64 *number)
{
	struct pktmeta_skb_cursor c;
	__u64 value = 0;
	int err = pktmeta_open_skb(&c, ctx);

	if (err)
		return err;
	switch (pktmeta_steering.size) {
	case 0:
		err = pktmeta_is_set(&c, pktmeta_steering.id);
		*number = err > 0;
		return err < 0 ? err : 0;
	case sizeof(__u8):
		err = pktmeta_get(&c, pktmeta_steering.id, &value, sizeof(__u8));
		break;
	case sizeof(__u16):
		err = pktmeta_get(&c, pktmeta_steering.id, &value, sizeof(__u16));
		break;
	case sizeof(__u32):
		err = pktmeta_get(&c, pktmeta_steering.id, &value, sizeof(__u32));
		break;
	case sizeof(__u64):
		err = pktmeta_get(&c, pktmeta_steering.id, &value, sizeof(__u64));
		break;
	default:
		return -EINVAL;
	}
	return err ? err : decode(&value, pktmeta_steering.type, number);
}

SEC("sk_reuseport")
int steer(struct sk_reuseport_md *ctx)
{
	__u32 zero = 0, index;
	struct pktmeta_steering_counts *c = bpf_map_lookup_elem(&counts, &zero);
	__u64 number = 0;
	const __u32 *own;

	if (!c)
		return SK_PASS;
	if (take_number(ctx, &number)) {
		c->no_field++;
		return SK_PASS;
	}
	own = bpf_map_lookup_elem(&values, &number);
	index = own ? *own : number % pktmeta_steering.sockets;
	if (bpf_sk_select_reuseport(ctx, &sockets, &index, 0))
		c->no_socket++;
	else
		c->steered++;
	return SK_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
