/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Between the prebuilt tracer and the loader that carries it: no part of the ABI, and alike only within one version.
 */
#ifndef PKTMETA_TRACE_H
#define PKTMETA_TRACE_H

#include "events.h"

#define PKTMETA_TRACE_SETTINGS_VARIABLE "pktmeta_trace"
#define PKTMETA_TRACE_FOLLOWED_MAP "pktmeta_followed"
#define PKTMETA_TRACE_HEADS_MAP "pktmeta_heads"
#define PKTMETA_TRACE_CONTROL_MAP "pktmeta_control"

#define PKTMETA_TRACE_FOLLOWED_MAX 32768 /* packets at a time */

/* Where a packet is seen. The first ones are tracepoints, each with a program of its own. */
enum pktmeta_station {
	PKTMETA_STATION_GRO = 0,      /* napi_gro_receive_entry */
	PKTMETA_STATION_BACKLOG = 1,  /* netif_rx */
	PKTMETA_STATION_RECEIVE = 2,  /* netif_receive_skb */
	PKTMETA_STATION_QUEUE = 3,    /* net_dev_queue */
	PKTMETA_STATION_TRANSMIT = 4, /* net_dev_start_xmit */
	PKTMETA_STATION_READ = 5,     /* skb_copy_datagram_iovec */
	PKTMETA_STATION_FREED = 6,    /* consume_skb */
	PKTMETA_STATION_DROPPED = 7,  /* kfree_skb */
	/* Functions of the kernel: this and the function's number. */
	PKTMETA_STATION_FUNCTION = 16,
};

/* Of a function, what the loader attaches the program with (bpf_get_attach_cookie()). */
#define PKTMETA_FUNCTION_STATION(cookie) ((__u8)(cookie))
#define PKTMETA_FUNCTION_ARGUMENT(cookie) ((__u8)((cookie) >> 8)) /* which one the packet is, from 0 on */
#define PKTMETA_FUNCTION_DEVICE 0x10000                           /* skb->dev is the interface there */
#define PKTMETA_FUNCTION_HOOK 0x20000                             /* the next argument is a struct nf_hook_state * */
#define PKTMETA_FUNCTION_READ 0x40000                             /* an application has read the packet */

/* In frozen .rodata. */
struct pktmeta_trace_settings {
	__u32 sample;     /* one of the packets that match in that many of each CPU is followed; 0: each */
	__u32 wake_after; /* events of a CPU since the reader was woken last; at least 1 */
	struct pktmeta_filter filter;
};

/* What the loader tells running programs. */
struct pktmeta_trace_control {
	__u32 is_open;   /* packets are begun with: all programs are attached, and there are not enough packets yet */
	__u32 has_begun; /* programs': not 0 once some packet is followed, or was; till then none is looked for */
};

/*
 * What tells a packet from others, of one of its network headers. Nothing of it changes on the packet's way, but with
 * NAT the source or the destination. Words are as they lie in the packet.
 */
struct pktmeta_identity {
	__u64 source; /* mixed of address and port */
	__u64 destination;
	__u64 content;    /* TCP: sequence number and acknowledgement; else what is behind a header of 8 bytes */
	__u32 fragment;   /* IPv4: id, and where in the whole it lies; else 0 */
	__be16 ethertype; /* 0: the headers cannot be read */
	__u8 protocol;
	__u8 content_size; /* bytes of content; what is behind them is 0 */
};

/* A packet that is followed, by the address of its struct sk_buff. */
struct pktmeta_followed {
	__u64 number;
	__u64 head; /* the address of its memory, which copies share */
	/* Of the interfaces that brought it to GRO and to the stack since it was sent last, the addresses; or 0. */
	__u64 merged_by;
	__u64 received_by;
	struct pktmeta_identity identity;
	__u32 network; /* where the identity's header is, in bytes from head */
	__u8 hops;     /* that its network header leaves it */
	__u8 station;  /* where it was seen last */
	__u8 is_read;  /* an application has it */
	__u8 is_unsure;
};

/* By the address of a packet's memory, the first that is followed of those that share it. */
struct pktmeta_original {
	__u64 number;
	struct pktmeta_identity identity;
};

#define PKTMETA_TRACE_FIRST 1  /* the packet has not been seen before */
#define PKTMETA_TRACE_UNSURE 2 /* it may be another than the one of that number that was seen before */
#define PKTMETA_TRACE_AREA 4   /* there is an area */
#define PKTMETA_TRACE_HOOK 8   /* of netfilter: hook and family are there */

/*
 * A record of the ring buffer: a packet at a station. The values of its area follow: all bytes between header and
 * trailer, if there is one.
 */
struct pktmeta_trace_event {
	__u64 time;         /* CLOCK_MONOTONIC, ns */
	__u64 number;       /* of the packet: none else has it */
	__u64 copy_of;      /* number of the packet whose memory it shares, if it is new; 0: none's */
	__u64 function;     /* address in the function that dropped or freed it; 0: not told */
	__u64 netns_cookie; /* of the interface's namespace: no other ever has it; 0 before Linux 5.12 */
	__u32 reason;       /* enum skb_drop_reason, if it was dropped; 0: not told */
	__u32 length;       /* bytes, from where skb->data is there on */
	__u32 ifindex;      /* 0: no interface is told there */
	__u32 netns;        /* inode number of that namespace: others may have it later */
	__u32 process;      /* that reads it; 0 elsewhere */
	__u32 fields_set;
	__u16 generation; /* of the area */
	__u8 station;
	__u8 flags;  /* PKTMETA_TRACE_* */
	__u8 hook;   /* enum nf_inet_hooks */
	__u8 family; /* NFPROTO_* */
	__u8 pad[2];
	struct pktmeta_flow flow;
	__u32 source[4]; /* in network byte order; IPv4 has the first word */
	__u32 destination[4];
	char interface[16];
	char command[16]; /* of the process */
};

_Static_assert(sizeof(struct pktmeta_trace_settings) == 8 + sizeof(struct pktmeta_filter), "padding is explicit");
_Static_assert(sizeof(struct pktmeta_identity) == 32, "padding is explicit");
_Static_assert(sizeof(struct pktmeta_followed) == 72, "padding is explicit");
_Static_assert(sizeof(struct pktmeta_trace_event) == 144, "values begin on 8 bytes");

#endif /* PKTMETA_TRACE_H */
