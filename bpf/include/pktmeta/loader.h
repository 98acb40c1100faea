/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Between the loader, the prebuilt programs that it carries, and what it pins: nothing that programs of users read.
 */
#ifndef PKTMETA_LOADER_H
#define PKTMETA_LOADER_H

#include "abi.h"

#define PKTMETA_TABLE_VARIABLE "pktmeta_table"

/*
 * The kernel counts a map of this name, and the registry's, among those of every program that pktmeta loads to attach
 * it (BPF_PROG_BIND_MAP), whatever maps the program itself uses: by that, what pktmeta has attached is known without
 * any pin. Its one value is a u32: the ABI version of the pktmeta that loaded the program.
 */
#define PKTMETA_LOADED_MAP "pktmeta_loaded"

/* What the prebuilt programs do with one field. */
struct pktmeta_step {
	__u32 id; /* 0: no more steps */
	__u8 type;
	__u8 size;
	__u8 source;
	__u8 sink;
	__u32 source_offset;
	__u32 sink_mask;
	__u32 sample; /* 0: set on each packet */
	__u16 flags;  /* PKTMETA_FIELD_* */
	__u16 place;  /* bytes from the start of the area */
	__u32 bit;    /* the slot's, in fields_set */
	__u32 slot;   /* 8 times that: bytes from a counter of slot 0 to the same of this one */
	__u64 constant[PKTMETA_VALUE_MAX / 8];
};

/*
 * The table of the prebuilt programs, in frozen .rodata: the loader fills in one step for each live field, those
 * with a source first.
 */
struct pktmeta_table {
	__u64 revision;     /* of the registry in which the places are right; 0: in none */
	__u64 oldest;       /* first generation of areas in which they are */
	__u32 span;         /* generations from there to the last */
	__u32 capacity;     /* bytes of such an area */
	__u32 asked;        /* one bit a slot: fields that there are */
	__u32 always;       /* one bit a slot: fields that the producer sets on each packet, whatever is in it */
	__u32 sources;      /* bit k: some step's source is k */
	__u32 cpus;         /* possible CPUs */
	__u32 samples;      /* not 0: some step has a sample */
	__u32 no_fragments; /* not 0: the kernel has no fragments in XDP, nor what tells a packet's length with them */
	__u32 sinks;        /* not 0: some step has a sink */
	__u32 statistics;   /* taken of one packet in that many of each CPU, and of first ones; 0: of none */
	__u32 fine_clock;   /* not 0: the kernel has no clock that is read without asking the hardware */
	__u32 numbers;      /* one bit a slot: fields whose values are numbers */
	__u16 places[PKTMETA_SLOTS]; /* of a slot's field: bytes from the start of the area, and its size in the upper
					half */
	struct pktmeta_step steps[PKTMETA_FIELDS_MAX];
};

enum pktmeta_hook {
	PKTMETA_HOOK_XDP = 1,
	PKTMETA_HOOK_TC_INGRESS = 2,
	PKTMETA_HOOK_TC_EGRESS = 3,
	PKTMETA_HOOK_NETFILTER = 4,
	PKTMETA_HOOK_CGROUP_INGRESS = 5,
	PKTMETA_HOOK_CGROUP_EGRESS = 6,
	PKTMETA_HOOK_SOCKET_GET = 7,
	PKTMETA_HOOK_SOCKET_SET = 8,
	PKTMETA_HOOK_SOCKET_INGRESS = 9, /* the kernel's is that of PKTMETA_HOOK_CGROUP_INGRESS */
};

enum pktmeta_mode {
	PKTMETA_MODE_XDP_NATIVE = 1,
	PKTMETA_MODE_XDP_GENERIC = 2,
	PKTMETA_MODE_TCX = 3,
	PKTMETA_MODE_CLSACT = 4,        /* a cls_bpf filter on a clsact qdisc */
	PKTMETA_MODE_LINK = 5,          /* of netfilter and of cgroups */
	PKTMETA_MODE_DEFRAGMENTING = 6, /* of netfilter, for which IP fragments are put together first */
};

/* The program has a table: it is loaded anew when the fields change. */
#define PKTMETA_ATTACHMENT_FOLLOWS 1
/* The program has fields bound by name: it is loaded anew when the generation is about to change. */
#define PKTMETA_ATTACHMENT_BOUND 2
/* The object is the loader's own. */
#define PKTMETA_ATTACHMENT_PREBUILT 4
/* The program is the prebuilt producer's other build, which asks the driver and is bound to its interface. */
#define PKTMETA_ATTACHMENT_HARDWARE 8
/* The interface's packets begin with the header of IP. */
#define PKTMETA_ATTACHMENT_NO_ETHERNET 16
/* The producer sets no hardware field although there are some: the driver cannot be asked. */
#define PKTMETA_ATTACHMENT_UNASKED 32

/*
 * What is known of an attached program: the one value of the record map pinned beside it, followed by the bytes of the
 * object that it comes from, and these by what the hook is of unless that is an interface: one of the two structs
 * below.
 */
struct pktmeta_attachment {
	__u32 abi_version;
	__u32 hook;         /* enum pktmeta_hook */
	__u32 mode;         /* enum pktmeta_mode */
	__u32 ifindex;      /* of an interface; else 0 */
	__u64 netns_cookie; /* of an interface and of netfilter; else 0 */
	__u64 attached_at;  /* CLOCK_REALTIME, ns */
	__u64 revision;     /* the registry's, when the program was loaded */
	__u64 binding;      /* digest of the ids and places that the program was loaded with */
	__u32 flags;        /* PKTMETA_ATTACHMENT_* */
	__u32 object_size;  /* bytes */
	__u16 generation;   /* the newest that a bound program accepts */
	__u8 ways;          /* of the prebuilt programs that answer sockets: as bits (sockets.h) */
	__u8 owner_size;    /* bytes of the name of who declares it, behind the object */
	__u32 seal;         /* digest of what it was loaded with, or 0 */
	char interface[16]; /* of an interface: its name when it was attached to */
	char program[64];
	char object[128]; /* as the user named it */
};

/*
 * The prebuilt program steer, which picks a socket of an SO_REUSEPORT group by a field: what it knows in frozen
 * .rodata, and with the name of the field the one value of the record map that is pinned beside it.
 */
#define PKTMETA_STEERING_VARIABLE "pktmeta_steering"
#define PKTMETA_STEERING_MAP "pktmeta_steer"
#define PKTMETA_STEERING_SOCKETS_MAP "sockets"
#define PKTMETA_STEERING_VALUES_MAP "values"
#define PKTMETA_STEERING_COUNTS_MAP "counts"
#define PKTMETA_STEERING_SOCKETS_MAX 4096
#define PKTMETA_STEERING_VALUES_MAX 16384 /* values with an entry of their own */

struct pktmeta_steering {
	__u32 abi_version;
	__u32 id;      /* the field's */
	__u32 type;    /* enum pktmeta_type */
	__u32 size;    /* bytes */
	__u32 sockets; /* a value without an entry of its own is taken modulo this */
	__u32 reserved;
	__u64 created_at; /* CLOCK_REALTIME, ns */
	char field[PKTMETA_NAME_SIZE];
};

/* What became of packets that came to the group, on one CPU. */
struct pktmeta_steering_counts {
	__u64 steered;
	__u64 no_field;  /* get has refused: the kernel has chosen */
	__u64 no_socket; /* where the value leads: likewise */
};

_Static_assert(sizeof(struct pktmeta_steering) == 64, "the record's size is part of what is pinned");
_Static_assert(sizeof(struct pktmeta_steering_counts) == 24, "padding is explicit");

/*
 * Who declares a field or a program beside the owner that an entry or a record names: in a map of one value, this head
 * and then as many claims.
 */
#define PKTMETA_CLAIMS_MAP "pktmeta_claims"
#define PKTMETA_CLAIM_WITHDRAWN 1 /* its owner is the one that is named, and declares it no more */

struct pktmeta_claims {
	__u32 abi_version;
	__u32 count;
};

struct pktmeta_claim {
	__u8 subject[32]; /* SHA-256 of what documents mean the field or program by; of what is withdrawn, with its time
			   */
	char owner[PKTMETA_NAME_SIZE];
	__u32 flags; /* PKTMETA_CLAIM_* */
};

_Static_assert(sizeof(struct pktmeta_claims) == 8, "padding is explicit");
_Static_assert(sizeof(struct pktmeta_claim) == 68, "a claim's size is part of what is pinned");

/* Where in netfilter, as the kernel numbers it. */
struct pktmeta_netfilter_place {
	__u32 family; /* NFPROTO_* */
	__u32 hook;   /* NF_INET_* */
	__s32 priority;
	__u32 pad;
};

/* Which cgroup, followed by its path, as it was named when it was attached to. */
struct pktmeta_cgroup_place {
	__u64 id;
};

_Static_assert(sizeof(struct pktmeta_attachment) == 272, "the record's size is part of what is pinned");
_Static_assert(sizeof(struct pktmeta_step) == 96, "a step's size is what the prebuilt programs expect");
_Static_assert(sizeof(struct pktmeta_table) == 128 + 31 * 96, "the table's size is what the prebuilt programs expect");

#endif /* PKTMETA_LOADER_H */
