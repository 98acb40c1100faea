// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Declares fields of all kinds of C types, of which --register-missing makes types. */
#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <bpf/bpf_helpers.h>
#include <pktmeta/pktmeta.bpf.h>

typedef __u64 nanoseconds;
enum verdict { DROP, PASS };
struct span {
	__u32 from, to;
};

PKTMETA_FIELD(nanoseconds, seen_at);
PKTMETA_FIELD(enum verdict, verdict);
PKTMETA_FIELD(struct span, span);
PKTMETA_FIELD(__be16, port);
PKTMETA_FIELD(struct in_addr, sender);
PKTMETA_FIELD(struct in6_addr, sender6);
PKTMETA_FIELD(_Bool, trusted);

#define PUT(name) \
	({ \
		pktmeta_type_##name value; \
		__builtin_memset(&value, 0, sizeof(value)); \
		PKTMETA_SET(&c, name, value); \
	})

SEC("xdp")
int put_all(struct xdp_md *ctx)
{
	struct pktmeta_bound_cursor c;

	pktmeta_open_bound(&c, ctx);
	PUT(seen_at);
	PUT(verdict);
	PUT(span);
	PUT(port);
	PUT(sender);
	PUT(sender6);
	PUT(trusted);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
