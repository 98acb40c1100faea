/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The pktmeta ABI: what BPF programs, the pktmeta CLI and any other loader share.
 *
 * Every struct here has fixed-width members and explicit padding, and its size is asserted for the host and
 * for BPF alike. Swift imports this file, so nothing in it is ever declared a second time.
 *
 * Numbers are in the host's byte order. On little-endian hosts all of it is tested; for big-endian ones (clang -target
 * bpfeb) all programs compile, and none has run.
 */
#ifndef PKTMETA_ABI_H
#define PKTMETA_ABI_H

#ifndef __VMLINUX_H__ /* a BPF object may take its kernel types from vmlinux.h instead */
#include <linux/types.h>
#endif

#define PKTMETA_ABI_VERSION 2

/* Slots of the registry. Slot 0 describes the registry itself; a field lies in one of the others. */
#define PKTMETA_SLOTS 32
#define PKTMETA_FIELDS_MAX (PKTMETA_SLOTS - 1)
#define PKTMETA_NAME_SIZE 32   /* with the terminating NUL */
#define PKTMETA_VALUE_MAX 64   /* bytes */
#define PKTMETA_HEADER_SIZE 8  /* bytes at the start of the area: struct pktmeta_header */
#define PKTMETA_TRAILER_SIZE 8 /* bytes at the end of the area: the stamp, and 2 that nobody uses */
#define PKTMETA_STAMP_BITS 48
#define PKTMETA_CAPACITY_MIN 32  /* bytes; all that kernels before 6.8 grant */
#define PKTMETA_CAPACITY_MAX 248 /* bytes; the most that fits the kernel's u8, in whole words */
#define PKTMETA_EPOCH_MAX 0xffff

/*
 * All capacities that an area may have: 32, 64 and these, each with the one below. Programs know the capacity as they
 * are loaded, and need an instruction for each (bound.bpf.h, cursor.bpf.h).
 */
/* clang-format off */
#define PKTMETA_LARGE_CAPACITIES(STEP) \
	STEP(64, 128) STEP(128, 136) STEP(136, 144) STEP(144, 152) STEP(152, 160) STEP(160, 168) STEP(168, 176) STEP(176, 184) \
	STEP(184, 192) STEP(192, 200) STEP(200, 208) STEP(208, 216) STEP(216, 224) STEP(224, 232) STEP(232, 240) STEP(240, 248)
/* clang-format on */

/* The index-th of them, in bytes; 0 behind the last. */
static inline __u32 pktmeta_capacity(__u32 index)
{
#define __PKTMETA_CAPACITY_ELEMENT(below, bytes) bytes,
	const __u8 capacities[] = {PKTMETA_CAPACITY_MIN, 64, PKTMETA_LARGE_CAPACITIES(__PKTMETA_CAPACITY_ELEMENT)};
#undef __PKTMETA_CAPACITY_ELEMENT
	return index < sizeof(capacities) ? capacities[index] : 0;
}

/* Names of the maps in an object, and of their pins in a registry's folder. */
#define PKTMETA_REGISTRY_MAP "pktmeta_fields" /* the kernel keeps 15 characters of a name */
#define PKTMETA_STATE_MAP "pktmeta_state"
#define PKTMETA_SEAL_MAP "pktmeta_seal"
#define PKTMETA_CHAIN_MAP "pktmeta_chain"

/*
 * Names of the types that say in BTF what a program uses, and what the registry has. A loader relocates the first
 * against the second (CO-RE): with a field's name behind each prefix,
 *	enum pktmeta_id_NAME { PKTMETA_ID_NAME }
 *	enum pktmeta_bind_NAME { PKTMETA_BIT_NAME, PKTMETA_SIZE_NAME, PKTMETA_LAYOUT_NAME }, of 64 bits
 *	struct pktmeta_field_NAME { u64, u32, u16, u8: arrays, all at the field's offset }
 *	struct pktmeta_counts_NAME { set, got and so on: the slot's counters in struct pktmeta_state; layout: its word
 *				     in struct pktmeta_registry }
 * and once
 *	enum pktmeta_seal { PKTMETA_SEAL_REGISTRY, PKTMETA_SEAL_HEADER, PKTMETA_SEAL_BASE, PKTMETA_SEAL_SALT,
 *			    PKTMETA_SEAL_CAPACITY }, of 64 bits
 *	enum pktmeta_info { PKTMETA_INFO_HEADER, PKTMETA_INFO_OLDEST, PKTMETA_INFO_SPAN, PKTMETA_INFO_CAPACITY,
 *			    PKTMETA_INFO_STAMP, PKTMETA_INFO_SALT }, of 64 bits
 *
 * In a program's own types, the values of PKTMETA_ID_NAME and PKTMETA_SIZE_NAME say which size the field is used with
 * and declared with. Each is the first of its enum.
 */
#define PKTMETA_ID_PREFIX "pktmeta_id_"
#define PKTMETA_USED_ANY 1                     /* the compiler did not know the size */
#define PKTMETA_USED_SIZE(bytes) ((bytes) + 2) /* differs from PKTMETA_USED_ANY for any size */
#define PKTMETA_BIND_PREFIX "pktmeta_bind_"
#define PKTMETA_FIELD_PREFIX "pktmeta_field_"
#define PKTMETA_COUNTS_PREFIX "pktmeta_counts_"
#define PKTMETA_SEAL_ENUM "pktmeta_seal"
#define PKTMETA_INFO_ENUM "pktmeta_info"
#define PKTMETA_ABI_ENUM "pktmeta_abi"

/* The bytes that such a value in a program stands for; negative if the compiler did not know them. */
static inline __s32 pktmeta_used_bytes(__s32 value)
{
	return value - PKTMETA_USED_SIZE(0);
}

/*
 * Each packet's area is a header, values, and a trailer: a stamp of 48 bits, and 2 bytes that nobody uses.
 *
 * What tells that a program of this registry has made the area, from bytes that somebody else has put there, is the
 * registry's seal, a random number of 64 bits. Only programs know it that the registry's owner has loaded: not even who
 * may read the registry. One half of it stands at either end of an area, so that an end that does not lie where the
 * other wants it is noticed (Survival.md has what can become of an area). No part of it differs from packet to packet,
 * or GRO would not merge them.
 *
 * The trailer comes last since a header that is put in front of the packet and taken off again has lain on the stamp
 * before it gets to a value. Its 2 bytes are where the kernel puts what is no header: as it forwards a packet, it
 * stores the Ethernet header with two zeroes in front (neigh_hh_output() in include/net/neighbour.h).
 *
 * The stamp is half of the seal, above 16 bits of zeroes, and the generation in which the area was made, added up. As
 * it is one number, one subtraction and one comparison tell whose an area is and that it is neither too old nor newer
 * than the registry. The sixteen zeroes keep the generation apart, and a generation of more bits carries into the
 * seal's half, on both sides of the comparison alike.
 *
 * Two more words of 64 bits are all else that programs check as a packet passes. They are only ever loaded and stored
 * whole, so that no reader can see half of a change.
 *
 *             63      56 55    48 47        33   32    31    24 23    16 15             0
 *  registry  |  magic   |capacity| identity  |pending|          generation              |  in the registry
 *  layout    |  live    |      epoch  |  slot        |  size  | behind |   generation   |  one for each slot
 *                                     39           32          header
 *
 * Pending is set while a change is about to bring the next generation. The identity is a random number, and no secret:
 * a program that was loaded for one registry does not work with the map of another.
 *
 * The upper half of a live layout word is the field's id, so that with the size one comparison tells whether the field
 * is there. Of a slot without a field, the word has slot 0, and no id matches it: an id leads to the word of the slot
 * that it ends in. A place is counted from behind the area's header: no word can lead into that.
 */
#define PKTMETA_MAGIC (0x50 | PKTMETA_ABI_VERSION)
#define PKTMETA_LIVE 0x01
#define PKTMETA_EPOCH_MASK 0x00ffff00 /* of an id */

/* The word of slot 0, which no id matches: one that ends in 0xff leads to slot 31. */
#define PKTMETA_NO_FIELD (0xffULL << 32)
static inline __u64 pktmeta_no_field(void)
{
	return PKTMETA_NO_FIELD; /* for Swift, which does not import the macro */
}

#define PKTMETA_GENERATIONS 0x8000 /* that an area is good for: the one it was made in, and those that follow */

/* Says which registry a word is of: all but the generation, current and pending. */
static inline __u32 pktmeta_word_registry(__u64 registry_word)
{
	return (__u32)(registry_word >> 33);
}

static inline __u8 pktmeta_word_magic(__u64 registry_word)
{
	return (__u8)(registry_word >> 56);
}

static inline __u8 pktmeta_word_capacity(__u64 registry_word)
{
	return (__u8)(registry_word >> 48);
}

static inline __u16 pktmeta_word_identity(__u64 registry_word)
{
	return (__u16)(registry_word >> 33) & 0x7fff;
}

static inline __u8 pktmeta_word_pending(__u64 registry_word)
{
	return (__u8)(registry_word >> 32) & 1;
}

/* How often the registry's layout has changed. Layout words have the lower 16 bits. */
static inline __u32 pktmeta_word_generation(__u64 registry_word)
{
	return (__u32)registry_word;
}

static inline __u64 pktmeta_registry_word(__u8 capacity, __u16 identity, __u8 pending, __u32 generation)
{
	return (__u64)PKTMETA_MAGIC << 56 | (__u64)capacity << 48 | (__u64)(identity & 0x7fff) << 33 |
	       (__u64)(pending & 1) << 32 | generation;
}

/* Of a live field; of one that is gone, its id's epoch alone (PKTMETA_EPOCH_MASK). */
static inline __u64 pktmeta_layout_word(__u32 id, __u16 generation, __u16 offset, __u8 size)
{
	return (__u64)id << 32 | (__u64)size << 24 | (__u64)(__u8)(offset - PKTMETA_HEADER_SIZE) << 16 | generation;
}

static inline __u8 pktmeta_layout_live(__u64 layout_word)
{
	return (__u8)(layout_word >> 56);
}

static inline __u16 pktmeta_layout_epoch(__u64 layout_word)
{
	return (__u16)(layout_word >> 40);
}

/* 0 unless the field is live. */
static inline __u8 pktmeta_layout_slot(__u64 layout_word)
{
	return (__u8)(layout_word >> 32);
}

static inline __u8 pktmeta_layout_size(__u64 layout_word)
{
	return (__u8)(layout_word >> 24);
}

/* Bytes from the start of the area to the value: PKTMETA_HEADER_SIZE or more, as the word counts them from there. */
static inline __u16 pktmeta_layout_offset(__u64 layout_word)
{
	return (__u16)(PKTMETA_HEADER_SIZE + (__u8)(layout_word >> 16));
}

/* Packets whose area is of an older generation (RFC 1982) do not have the field where the word says. */
static inline __u16 pktmeta_layout_generation(__u64 layout_word)
{
	return (__u16)layout_word;
}

/* Bits of a layout word that tell a field's place and generation; the others tell which field it is, and its size. */
#define PKTMETA_PLACE_BITS 24

/*
 * In what a layout word differs from that of the field with this id and size at the first place, of generation 0: in
 * nothing but the bits of place and generation, if all is right.
 */
static inline __u64 pktmeta_layout_difference(__u64 layout_word, __u32 id, __u32 size)
{
	return layout_word ^ ((__u64)id << 32 | (__u64)(__u8)size << PKTMETA_PLACE_BITS);
}

/* Serial-number order (RFC 1982): is a older than b? Right while the two are less than 2^15 apart. */
static inline int pktmeta_generation_is_older(__u16 a, __u16 b)
{
	return (__s16)(__u16)(a - b) < 0;
}

/* A field's id: opaque to applications. Never 0. */
static inline __u32 pktmeta_id(__u8 slot, __u16 epoch)
{
	return (__u32)PKTMETA_LIVE << 24 | (__u32)epoch << 8 | slot;
}

static inline __u8 pktmeta_id_slot(__u32 id)
{
	return (__u8)id;
}

/*
 * Well-known fields, which the NIC fills where it can: registered on demand, by these names, and then with these ids
 * in each registry. Ordinary fields have epochs from 1 on, and take these slots last.
 */
#define PKTMETA_ID_RX_TIMESTAMP 0x0100001d /* rx_timestamp, u64: ns, by the NIC's clock */
#define PKTMETA_ID_RX_HASH 0x0100001e      /* rx_hash, u32 */
#define PKTMETA_ID_RX_VLAN 0x0100001f      /* rx_vlan, u16: the tag's TCI */

/* How to read and print a value. Multi-byte integers are in the host's byte order unless said otherwise. */
enum pktmeta_type {
	PKTMETA_TYPE_FLAG = 1, /* no bytes: set or not set */
	PKTMETA_TYPE_U8 = 2,
	PKTMETA_TYPE_U16 = 3,
	PKTMETA_TYPE_U32 = 4,
	PKTMETA_TYPE_U64 = 5,
	PKTMETA_TYPE_BE16 = 6, /* network byte order, as in the packet */
	PKTMETA_TYPE_BE32 = 7,
	PKTMETA_TYPE_IPV4 = 8,
	PKTMETA_TYPE_IPV6 = 9,
	PKTMETA_TYPE_MAC = 10,
	PKTMETA_TYPE_BYTES = 11, /* 1 to PKTMETA_VALUE_MAX of them */
};

/* Where the prebuilt producer takes a field's value from. */
enum pktmeta_source_kind {
	PKTMETA_SOURCE_NONE = 0, /* applications set it */
	PKTMETA_SOURCE_CONSTANT = 1,
	PKTMETA_SOURCE_IFINDEX = 2, /* of the interface that received the packet */
	PKTMETA_SOURCE_RX_QUEUE = 3,
	PKTMETA_SOURCE_PACKET_LENGTH = 4, /* bytes, from the link-layer header on, with all fragments */
	PKTMETA_SOURCE_FLOW_HASH = 5,     /* of addresses, protocol and ports */
	PKTMETA_SOURCE_SEQUENCE = 6,      /* differs for each packet, on all CPUs and interfaces */
	PKTMETA_SOURCE_KTIME = 7,         /* CLOCK_MONOTONIC, ns */
	PKTMETA_SOURCE_PAYLOAD = 8,       /* bytes of the packet at an offset from its link-layer header */
	PKTMETA_SOURCE_RX_TIMESTAMP = 9,  /* of the well-known fields: from the driver */
	PKTMETA_SOURCE_RX_HASH = 10,
	PKTMETA_SOURCE_RX_VLAN = 11,
};

/* What the prebuilt consumer does with a field's value at TC. */
enum pktmeta_sink_kind {
	PKTMETA_SINK_NONE = 0,
	PKTMETA_SINK_MARK = 1, /* into the bits of skb->mark that a mask of adjacent bits names; the others stay */
	PKTMETA_SINK_PRIORITY = 2,
	PKTMETA_SINK_QUEUE_MAPPING = 3, /* values below 65535, which the kernel takes for none */
	PKTMETA_SINK_RX_HASH = 4,       /* skb->hash, by bpf_set_hash() */
	PKTMETA_SINK_TSTAMP = 5,        /* skb->tstamp of a packet that comes in: when it was received, ns */
	PKTMETA_SINK_VLAN = 6,          /* a tag of 802.1Q, unless the packet has one */
};

/* The field stays in the namespaces where it is set: the scrub programs take it off. */
#define PKTMETA_FIELD_PRIVATE 1
/* Applications do not get the field by their sockets (socket.h). */
#define PKTMETA_FIELD_NO_SOCKETS 2

/* What is counted of a field. */
enum pktmeta_counter {
	PKTMETA_COUNTER_SET = 0,
	PKTMETA_COUNTER_GOT = 1,
	PKTMETA_COUNTER_NOT_SET = 2,    /* get of a field that this packet does not carry */
	PKTMETA_COUNTER_SUNK = 3,       /* the sink was given the value */
	PKTMETA_COUNTER_NOT_SUNK = 4,   /* the value does not fit the sink, or the packet */
	PKTMETA_COUNTER_SET_EINVAL = 5, /* refused: wrong size */
	PKTMETA_COUNTER_SET_EFAULT = 6, /* no area, someone else's, or older than the field */
	PKTMETA_COUNTER_SET_EBUSY = 7,  /* at TC: a tap shares the packet */
	PKTMETA_COUNTER_GET_EINVAL = 8,
	PKTMETA_COUNTER_GET_EFAULT = 9,
	PKTMETA_COUNTERS = 10,
};

/* What is known of a field besides its layout word. */
struct pktmeta_entry {
	char name[PKTMETA_NAME_SIZE];  /* a C identifier */
	char owner[PKTMETA_NAME_SIZE]; /* who registered it; may be empty */
	__u64 registered_at;           /* CLOCK_REALTIME, ns */
	__u32 type;                    /* enum pktmeta_type */
	__u32 source;                  /* enum pktmeta_source_kind */
	__u32 source_offset;           /* of PKTMETA_SOURCE_PAYLOAD, bytes */
	__u16 last_epoch;              /* the newest epoch that an application's field had in this slot */
	__u8 size;                     /* bytes, as in the layout word */
	__u8 reserved0;
	__u8 constant[PKTMETA_VALUE_MAX]; /* of PKTMETA_SOURCE_CONSTANT, as it lies in the packet */
	__u32 sink;                       /* enum pktmeta_sink_kind */
	__u32 sink_mask;                  /* of PKTMETA_SINK_MARK */
	__u32 sample;                     /* the producer sets it on one packet in that many of each CPU; 0: on each */
	__u32 flags;                      /* PKTMETA_FIELD_* */
	__u64 baseline[PKTMETA_COUNTERS]; /* what the slot's counters were, of all CPUs, when the field was registered
					     or its state began anew */
};

/*
 * Each object that has the registry's map has this type in its BTF, by which a loader knows the ABI of the accessors
 * that are compiled in. Objects of ABI 1 have none.
 */
enum pktmeta_abi {
	PKTMETA_ABI = PKTMETA_ABI_VERSION,
};

/*
 * The one value of the map that keeps a registry's seal: its pin is the owner's alone, in a folder that only the owner
 * may enter.
 */
struct pktmeta_secret {
	__u64 seal; /* its upper half is that of an area's header; its lower half, with 16 zeroes, the first stamp */
};

static inline __u32 pktmeta_seal_header(__u64 seal)
{
	return (__u32)(seal >> 32);
}

/* The stamp of generation 0. */
static inline __u64 pktmeta_seal_stamp(__u64 seal)
{
	return (__u64)(__u32)seal << 16;
}

/* A trailer as it lies in memory: the stamp, and then bytes that nobody uses. */
static inline __u64 pktmeta_trailer(__u64 stamp)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return stamp;
#else
	return stamp << (64 - PKTMETA_STAMP_BITS);
#endif
}

static inline __u64 pktmeta_trailer_stamp(__u64 trailer)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	trailer <<= 64 - PKTMETA_STAMP_BITS;
#endif
	return trailer >> (64 - PKTMETA_STAMP_BITS);
}

/* What an area starts with. */
struct pktmeta_header {
	__u32 seal;       /* half of the registry's */
	__u32 fields_set; /* one bit a slot */
};

/* Refusals of open, each for its errno. */
enum pktmeta_refusal {
	PKTMETA_REFUSED_ENOENT = 0,     /* no registry is bound to the program */
	PKTMETA_REFUSED_EFAULT = 1,     /* no area, someone else's, or damaged */
	PKTMETA_REFUSED_ENOSPC = 2,     /* the driver has no room for the area */
	PKTMETA_REFUSED_EOPNOTSUPP = 3, /* the driver has no metadata at all */
	PKTMETA_REFUSED_EBUSY = 4,      /* someone else's metadata lies there */
	PKTMETA_REFUSED_OTHER = 5,
	PKTMETA_REFUSALS = 6,
};

/* What is counted of areas: the first words of struct pktmeta_state, from `made` to `stale`. */
#define PKTMETA_AREA_COUNTERS 9

/*
 * The one value of the registry map. The words come first, together: they are all that programs read as a packet
 * passes, in five cache lines, and a program looks the value up once a packet.
 */
struct pktmeta_registry {
	__u64 word;                   /* published by one aligned store, as each layout word is */
	__u64 layouts[PKTMETA_SLOTS]; /* PKTMETA_NO_FIELD first */
	__u64 revision;               /* +1 with each change that prebuilt programs must learn of */
	__u64 created_at;             /* CLOCK_REALTIME, ns */
	enum pktmeta_abi abi;
	__u32 statistics;           /* taken of one packet in that many of each CPU, and of first ones; 0: of none */
	__u64 resets;               /* how often states of fields began anew; stored once `began` is */
	__u32 began[PKTMETA_SLOTS]; /* with which of these a slot's last did */
	__u64 area_baseline[PKTMETA_AREA_COUNTERS]; /* what areas' counters were, of all CPUs, when they began anew */
	__u8 reserved[8];
	struct pktmeta_entry entries[PKTMETA_FIELDS_MAX]; /* of slot 1 to 31 */
};

/* Bucket k counts values that need k bits: 0, 1, 2..3, 4..7, ... */
#define PKTMETA_HISTOGRAM_BUCKETS 65

/* How a field's values are spread: of integers, as numbers in the host's byte order. */
struct pktmeta_statistics {
	__u32 id; /* whose these are, stored last by the program that begins them anew; 0: nobody's */
	__u32 pad;
	__u64 values; /* how many the rest was taken from */
	__u64 minimum;
	__u64 maximum;
	__u64 histogram[PKTMETA_HISTOGRAM_BUCKETS];
};

/*
 * What happened on one CPU: the one value of the state map, a per-CPU array, which a program looks up once a packet.
 *
 * Each counter is a word that only its CPU writes, and that never goes back: a field's counts are the sums of all CPUs,
 * less the baseline in the field's entry. The loader writes nothing here.
 *
 * What is no counter begins anew as the CPU's consumer finds that the registry has more resets than last_time[0]: it
 * forgets last values and statistics of slots that began with one of those. Where it has not yet, they are of before.
 *
 * Elements of an array are the registry's slots; slot 0 is no field's.
 *
 * Programs store what comes earlier in this struct later, and the kernel copies it from the start: who finds a packet's
 * time or a field's count here finds its value behind it.
 */
struct pktmeta_state {
	/* Of areas. */
	__u64 made;  /* open in XDP made one */
	__u64 found; /* open found one */
	__u64 refused[PKTMETA_REFUSALS];
	__u64 stale;    /* calls with the id of a field that is gone */
	__u64 sequence; /* packets that PKTMETA_SOURCE_SEQUENCE has numbered */
	__u64 packets;  /* packets that the producer has counted, to sample them */

	/* Of the consumer. */
	__u64 last_seen; /* when it got a field last, as last_time */
	__u32 carried;   /* one bit a slot: fields that the last packet carried; their last_time is last_seen */
	__u32 settled;   /* one bit a slot: fields of which it has taken enough first values */
	__u64 revision;  /* of the registry for which that holds, and last_id */
	__u64 consumed;  /* packets that it has counted, to take statistics of some */
	__u32 gathered;  /* one bit a slot: fields of the packet in hand */
	__u32 selected;  /* one bit a slot: those of them that something is yet to be done with */

	__u64 counts[PKTMETA_COUNTERS][PKTMETA_SLOTS];
	__u64 last_time[PKTMETA_SLOTS]; /* CLOCK_MONOTONIC, ns, as of the kernel's last tick if it tells; of slot 0:
					   the registry's resets that the consumer knows of */
	__u32 last_id[PKTMETA_SLOTS];   /* whose time and value are there, if a time is */
	__u64 last_word[PKTMETA_SLOTS]; /* the last value, of 8 bytes or fewer: the first ones */
	__u8 last_bytes[PKTMETA_SLOTS][PKTMETA_VALUE_MAX]; /* of more */
	struct pktmeta_statistics statistics[PKTMETA_SLOTS];
};

_Static_assert(sizeof(struct pktmeta_entry) == 248, "an entry's size is part of the ABI");
_Static_assert(sizeof(enum pktmeta_abi) == 4, "padding is explicit");
_Static_assert(sizeof(struct pktmeta_registry) == 8192, "a registry is two pages");
_Static_assert(__builtin_offsetof(struct pktmeta_state, sequence) == 8 * PKTMETA_AREA_COUNTERS,
	       "areas' counters come first");
_Static_assert(__builtin_offsetof(struct pktmeta_registry, word) == 0, "the words come first");
_Static_assert(0xff % PKTMETA_SLOTS != 0, "no id that leads to slot 0 matches PKTMETA_NO_FIELD");
_Static_assert(sizeof(struct pktmeta_statistics) == 552, "padding is explicit");
_Static_assert(sizeof(struct pktmeta_state) == 23040, "the state's size is part of the ABI");
_Static_assert(sizeof(struct pktmeta_state) <= 32768, "the kernel allocates no more a CPU (PCPU_MIN_UNIT_SIZE)");
_Static_assert(PKTMETA_ID_RX_TIMESTAMP == (PKTMETA_LIVE << 24 | 29), "epoch 0 of slot 29");
_Static_assert(PKTMETA_ID_RX_VLAN == (PKTMETA_LIVE << 24 | PKTMETA_FIELDS_MAX), "epoch 0 of the last slot");
_Static_assert(PKTMETA_SLOTS <= 32, "one bit a slot in fields_set");
_Static_assert(sizeof(struct pktmeta_header) == PKTMETA_HEADER_SIZE, "an area's layout is part of the ABI");

#endif /* PKTMETA_ABI_H */
