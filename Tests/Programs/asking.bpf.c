// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Asks for what a kernel need not have, or has a map pinned by name: one thing for each macro. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

#ifdef ASKS_FUNCTION
extern int pktmeta_no_such_function(struct xdp_md *ctx) __ksym;
#endif
#ifdef ASKS_VARIABLE
extern const int pktmeta_no_such_variable __ksym;
#endif
#ifdef ASKS_SYMBOL
extern const void pktmeta_no_such_symbol __ksym;
#endif
#ifdef ASKS_OPTION
extern int CONFIG_PKTMETA_NO_SUCH_OPTION __kconfig;
#endif

struct pktmeta_no_such_type {
	int member;
} __attribute__((preserve_access_index));

#ifdef PINNED_MAP
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} PINNED_MAP SEC(".maps");
#endif

SEC("xdp")
int asker(struct xdp_md *ctx)
{
	struct pktmeta_cursor c;
	long sum = pktmeta_open(&c, ctx);

#ifdef ASKS_FUNCTION
	sum += pktmeta_no_such_function(ctx);
#endif
#ifdef ASKS_VARIABLE
	sum += pktmeta_no_such_variable;
#endif
#ifdef ASKS_SYMBOL
	sum += (long)&pktmeta_no_such_symbol;
#endif
#ifdef ASKS_OPTION
	sum += CONFIG_PKTMETA_NO_SUCH_OPTION;
#endif
#ifdef ASKS_MEMBER
	sum += bpf_core_field_offset(struct pktmeta_no_such_type, member);
#endif
#ifdef PINNED_MAP
	{
		__u32 zero = 0, *value = bpf_map_lookup_elem(&PINNED_MAP, &zero);

		sum += value ? *value : 0;
	}
#endif
	return sum ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
