/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Named metadata on packets, for XDP and TC programs.
 *
 *	struct pktmeta_cursor c;
 *	__u32 tenant = 42;
 *
 *	pktmeta_open(&c, ctx);
 *	err = pktmeta_set(&c, PKTMETA_ID(tenant), &tenant, sizeof(tenant));
 *
 * Include <linux/bpf.h> or vmlinux.h, and <bpf/bpf_helpers.h>, before this file.
 *
 * All calls return 0, or one of these, checked in this order:
 *	-ENOENT     no such field: never registered, or a stale id
 *	-EINVAL     the size is not the field's
 *	-EFAULT     no area, someone else's, damaged, or older than the field
 *	-ENOENT     (get) this packet does not carry the field
 *	-EBUSY      (open in XDP) someone else's metadata is there
 *	-ENOSPC     (open in XDP) the driver has no room for the area
 *	-EOPNOTSUPP (open in XDP) the driver has no metadata
 *	-EBUSY      (set and clear at TC) a tap shares the packet, and writing would cost others the metadata
 *	            (Linux 6.18)
 *
 * Rules:
 *	- A cursor holds packet pointers. Whatever makes the verifier forget those (bpf_xdp_adjust_head(),
 *	  bpf_skb_pull_data(), ...) ends the cursor too: open again. In XDP, open itself does, since it may make the
 *	  area. At TC, set and clear end the other cursors for get, from Linux 6.18 on. Where the verifier does not
 *	  notice that a cursor is old, set and clear return -EFAULT.
 *	- What several cursors of one packet set stays: each write is based on the header as it is then.
 *	- A cursor may be handed to a static function, inlined or not, and to a callback of bpf_loop(). A global
 *	  function takes the context and opens a cursor of its own: the verifier checks it apart from its callers, and
 *	  takes pointers in memory that it is handed for numbers.
 *	- At TC, packets that GRO has merged to a list (rx-gro-list) are one packet: set and clear reach the area of the
 *	  first. The others keep theirs, and leave with it when they are forwarded (Survival.md has the way around).
 *	- The size is a constant expression, such as sizeof(). If the id is taken by name in the call, attaching refuses
 *	  a size that is not the field's.
 *	- Setting at TC takes a GPL-compatible licence, from Linux 6.18 on (write.bpf.h has the reason and a way out).
 *	- An XDP program ends in `return pktmeta_next(ctx, verdict);`, so that others can run behind it (chain.bpf.h).
 *	- Size 0 is a flag: pass NULL and 0.
 *	- A loader of your own gives libbpf the types that `pktmeta export-btf` writes (btf_custom_path): they have the
 *	  registry's seal, by which open knows an area. Without, pktmeta_open() returns -ENOENT, and programs with bound
 *	  access are not loaded.
 *	- #define PKTMETA_COUNT before the include, and each set and get is counted in the state map, which
 *	  `pktmeta inspect-map state` shows. Programs that do not ask for it pay nothing.
 *	- These calls look the field's place up as the packet passes (dynamic access), so loading takes CAP_PERFMON
 *	  besides CAP_BPF and CAP_NET_ADMIN. bound.bpf.h has the faster way, by name, that takes only these two.
 */
#ifndef PKTMETA_BPF_H
#define PKTMETA_BPF_H

#include <bpf/bpf_core_read.h>

/*
 * The kernel's error numbers (include/uapi/asm-generic/errno-base.h and errno.h). Not <linux/errno.h>: that leads to
 * <asm/errno.h>, which a program that takes its types from vmlinux.h need not have.
 */
#ifndef ENOENT
#define ENOENT 2
#endif
#ifndef EFAULT
#define EFAULT 14
#endif
#ifndef EBUSY
#define EBUSY 16
#endif
#ifndef EINVAL
#define EINVAL 22
#endif
#ifndef ENOSPC
#define ENOSPC 28
#endif
#ifndef EOPNOTSUPP
#define EOPNOTSUPP 95
#endif

#include "abi.h"
#include "folding.bpf.h"
#include "maps.bpf.h"
#include "count.bpf.h"
#include "cursor.bpf.h"
#include "write.bpf.h"
#include "access.bpf.h"
#include "bound.bpf.h"
#include "chain.bpf.h"

#endif /* PKTMETA_BPF_H */
