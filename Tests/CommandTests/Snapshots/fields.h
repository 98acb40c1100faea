/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The fields of a pktmeta registry, by access by id. Made by pktmeta generate-header: do not edit.
 *
 * Registry: /sys/fs/bpf/pktmeta
 *
 * Include <linux/bpf.h> or vmlinux.h, and <bpf/bpf_helpers.h>, before this file. The calls return what
 * <pktmeta/pktmeta.bpf.h> says, but never -EINVAL: each passes its field's size. An id is good until its field is
 * unregistered; from then on it gives -ENOENT, and this header is to be made anew.
 */
#ifndef PKTMETA_FIELDS_H
#define PKTMETA_FIELDS_H

#include <pktmeta/pktmeta.bpf.h>

struct pktmeta_value_bytes_16 {
	__u8 bytes[16];
};

struct pktmeta_value_bytes_7 {
	__u8 bytes[7];
};

struct pktmeta_value_ipv6 {
	__u8 bytes[16];
};

struct pktmeta_value_mac {
	__u8 bytes[6];
};

/*
 * class: u8, 1 byte
 *
 * Owner: none
 * Source: constant:3
 * Id: 0x01000702, registered at 2023-11-14T22:13:21Z
 */
#define PKTMETA_FIELD_ID_class 0x01000702U

static __always_inline int pktmeta_set_class(struct pktmeta_cursor *c, __u8 value)
{
	return pktmeta_set(c, PKTMETA_FIELD_ID_class, &value, sizeof(value));
}

static __always_inline int pktmeta_get_class(const struct pktmeta_cursor *c, __u8 *value)
{
	return pktmeta_get(c, PKTMETA_FIELD_ID_class, value, sizeof(*value));
}

static __always_inline int pktmeta_is_set_class(const struct pktmeta_cursor *c)
{
	return pktmeta_is_set(c, PKTMETA_FIELD_ID_class);
}

static __always_inline int pktmeta_clear_class(struct pktmeta_cursor *c)
{
	return pktmeta_clear(c, PKTMETA_FIELD_ID_class);
}

/*
 * digest: bytes:7, 7 bytes
 *
 * Owner: none
 * Source: constant:0x01020304050607
 * Id: 0x0100070d, registered at 2023-11-14T22:13:21Z
 */
#define PKTMETA_FIELD_ID_digest 0x0100070dU

static __always_inline int pktmeta_set_digest(struct pktmeta_cursor *c, const struct pktmeta_value_bytes_7 *value)
{
	return pktmeta_set(c, PKTMETA_FIELD_ID_digest, value, sizeof(*value));
}

static __always_inline int pktmeta_get_digest(const struct pktmeta_cursor *c, struct pktmeta_value_bytes_7 *value)
{
	return pktmeta_get(c, PKTMETA_FIELD_ID_digest, value, sizeof(*value));
}

static __always_inline int pktmeta_is_set_digest(const struct pktmeta_cursor *c)
{
	return pktmeta_is_set(c, PKTMETA_FIELD_ID_digest);
}

static __always_inline int pktmeta_clear_digest(struct pktmeta_cursor *c)
{
	return pktmeta_clear(c, PKTMETA_FIELD_ID_digest);
}

/*
 * label: be32, 4 bytes
 *
 * Owner: none
 * Source: none
 * Id: 0x01000707, registered at 2023-11-14T22:13:21Z
 */
#define PKTMETA_FIELD_ID_label 0x01000707U

static __always_inline int pktmeta_set_label(struct pktmeta_cursor *c, __be32 value)
{
	return pktmeta_set(c, PKTMETA_FIELD_ID_label, &value, sizeof(value));
}

static __always_inline int pktmeta_get_label(const struct pktmeta_cursor *c, __be32 *value)
{
	return pktmeta_get(c, PKTMETA_FIELD_ID_label, value, sizeof(*value));
}

static __always_inline int pktmeta_is_set_label(const struct pktmeta_cursor *c)
{
	return pktmeta_is_set(c, PKTMETA_FIELD_ID_label);
}

static __always_inline int pktmeta_clear_label(struct pktmeta_cursor *c)
{
	return pktmeta_clear(c, PKTMETA_FIELD_ID_label);
}

/*
 * parent_id: bytes:16, 16 bytes
 *
 * Owner: none
 * Source: none
 * Id: 0x0100070c, registered at 2023-11-14T22:13:21Z
 */
#define PKTMETA_FIELD_ID_parent_id 0x0100070cU

static __always_inline int pktmeta_set_parent_id(struct pktmeta_cursor *c, const struct pktmeta_value_bytes_16 *value)
{
	return pktmeta_set(c, PKTMETA_FIELD_ID_parent_id, value, sizeof(*value));
}

static __always_inline int pktmeta_get_parent_id(const struct pktmeta_cursor *c, struct pktmeta_value_bytes_16 *value)
{
	return pktmeta_get(c, PKTMETA_FIELD_ID_parent_id, value, sizeof(*value));
}

static __always_inline int pktmeta_is_set_parent_id(const struct pktmeta_cursor *c)
{
	return pktmeta_is_set(c, PKTMETA_FIELD_ID_parent_id);
}

static __always_inline int pktmeta_clear_parent_id(struct pktmeta_cursor *c)
{
	return pktmeta_clear(c, PKTMETA_FIELD_ID_parent_id);
}

/*
 * port: be16, 2 bytes
 *
 * Owner: none
 * Source: payload:36
 * Id: 0x01000706, registered at 2023-11-14T22:13:21Z
 */
#define PKTMETA_FIELD_ID_port 0x01000706U

static __always_inline int pktmeta_set_port(struct pktmeta_cursor *c, __be16 value)
{
	return pktmeta_set(c, PKTMETA_FIELD_ID_port, &value, sizeof(value));
}

static __always_inline int pktmeta_get_port(const struct pktmeta_cursor *c, __be16 *value)
{
	return pktmeta_get(c, PKTMETA_FIELD_ID_port, value, sizeof(*value));
}

static __always_inline int pktmeta_is_set_port(const struct pktmeta_cursor *c)
{
	return pktmeta_is_set(c, PKTMETA_FIELD_ID_port);
}

static __always_inline int pktmeta_clear_port(struct pktmeta_cursor *c)
{
	return pktmeta_clear(c, PKTMETA_FIELD_ID_port);
}

/*
 * seen_at: u64, 8 bytes
 *
 * Owner: none
 * Source: ktime, 1 in 100
 * Id: 0x01000705, registered at 2023-11-14T22:13:21Z
 */
#define PKTMETA_FIELD_ID_seen_at 0x01000705U

static __always_inline int pktmeta_set_seen_at(struct pktmeta_cursor *c, __u64 value)
{
	return pktmeta_set(c, PKTMETA_FIELD_ID_seen_at, &value, sizeof(value));
}

static __always_inline int pktmeta_get_seen_at(const struct pktmeta_cursor *c, __u64 *value)
{
	return pktmeta_get(c, PKTMETA_FIELD_ID_seen_at, value, sizeof(*value));
}

static __always_inline int pktmeta_is_set_seen_at(const struct pktmeta_cursor *c)
{
	return pktmeta_is_set(c, PKTMETA_FIELD_ID_seen_at);
}

static __always_inline int pktmeta_clear_seen_at(struct pktmeta_cursor *c)
{
	return pktmeta_clear(c, PKTMETA_FIELD_ID_seen_at);
}

/*
 * sender: ipv4, 4 bytes
 *
 * Owner: none
 * Source: constant:192.0.2.1
 * Id: 0x01000708, registered at 2023-11-14T22:13:21Z
 */
#define PKTMETA_FIELD_ID_sender 0x01000708U

static __always_inline int pktmeta_set_sender(struct pktmeta_cursor *c, __be32 value)
{
	return pktmeta_set(c, PKTMETA_FIELD_ID_sender, &value, sizeof(value));
}

static __always_inline int pktmeta_get_sender(const struct pktmeta_cursor *c, __be32 *value)
{
	return pktmeta_get(c, PKTMETA_FIELD_ID_sender, value, sizeof(*value));
}

static __always_inline int pktmeta_is_set_sender(const struct pktmeta_cursor *c)
{
	return pktmeta_is_set(c, PKTMETA_FIELD_ID_sender);
}

static __always_inline int pktmeta_clear_sender(struct pktmeta_cursor *c)
{
	return pktmeta_clear(c, PKTMETA_FIELD_ID_sender);
}

/*
 * sender6: ipv6, 16 bytes
 *
 * Owner: none
 * Source: none
 * Id: 0x01000709, registered at 2023-11-14T22:13:21Z
 */
#define PKTMETA_FIELD_ID_sender6 0x01000709U

static __always_inline int pktmeta_set_sender6(struct pktmeta_cursor *c, const struct pktmeta_value_ipv6 *value)
{
	return pktmeta_set(c, PKTMETA_FIELD_ID_sender6, value, sizeof(*value));
}

static __always_inline int pktmeta_get_sender6(const struct pktmeta_cursor *c, struct pktmeta_value_ipv6 *value)
{
	return pktmeta_get(c, PKTMETA_FIELD_ID_sender6, value, sizeof(*value));
}

static __always_inline int pktmeta_is_set_sender6(const struct pktmeta_cursor *c)
{
	return pktmeta_is_set(c, PKTMETA_FIELD_ID_sender6);
}

static __always_inline int pktmeta_clear_sender6(struct pktmeta_cursor *c)
{
	return pktmeta_clear(c, PKTMETA_FIELD_ID_sender6);
}

/*
 * station: mac, 6 bytes
 *
 * Owner: none
 * Source: constant:02:00:5e:10:00:ff
 * Id: 0x0100070a, registered at 2023-11-14T22:13:21Z
 */
#define PKTMETA_FIELD_ID_station 0x0100070aU

static __always_inline int pktmeta_set_station(struct pktmeta_cursor *c, const struct pktmeta_value_mac *value)
{
	return pktmeta_set(c, PKTMETA_FIELD_ID_station, value, sizeof(*value));
}

static __always_inline int pktmeta_get_station(const struct pktmeta_cursor *c, struct pktmeta_value_mac *value)
{
	return pktmeta_get(c, PKTMETA_FIELD_ID_station, value, sizeof(*value));
}

static __always_inline int pktmeta_is_set_station(const struct pktmeta_cursor *c)
{
	return pktmeta_is_set(c, PKTMETA_FIELD_ID_station);
}

static __always_inline int pktmeta_clear_station(struct pktmeta_cursor *c)
{
	return pktmeta_clear(c, PKTMETA_FIELD_ID_station);
}

/*
 * tenant: u32, 4 bytes
 *
 * Owner: edge team/_Zürich_/
 * Source: none
 * Id: 0x01000704, registered at 2023-11-14T22:13:21Z
 */
#define PKTMETA_FIELD_ID_tenant 0x01000704U

static __always_inline int pktmeta_set_tenant(struct pktmeta_cursor *c, __u32 value)
{
	return pktmeta_set(c, PKTMETA_FIELD_ID_tenant, &value, sizeof(value));
}

static __always_inline int pktmeta_get_tenant(const struct pktmeta_cursor *c, __u32 *value)
{
	return pktmeta_get(c, PKTMETA_FIELD_ID_tenant, value, sizeof(*value));
}

static __always_inline int pktmeta_is_set_tenant(const struct pktmeta_cursor *c)
{
	return pktmeta_is_set(c, PKTMETA_FIELD_ID_tenant);
}

static __always_inline int pktmeta_clear_tenant(struct pktmeta_cursor *c)
{
	return pktmeta_clear(c, PKTMETA_FIELD_ID_tenant);
}

/*
 * trace_id: bytes:16, 16 bytes
 *
 * Owner: none
 * Source: none
 * Id: 0x0100070b, registered at 2023-11-14T22:13:21Z
 */
#define PKTMETA_FIELD_ID_trace_id 0x0100070bU

static __always_inline int pktmeta_set_trace_id(struct pktmeta_cursor *c, const struct pktmeta_value_bytes_16 *value)
{
	return pktmeta_set(c, PKTMETA_FIELD_ID_trace_id, value, sizeof(*value));
}

static __always_inline int pktmeta_get_trace_id(const struct pktmeta_cursor *c, struct pktmeta_value_bytes_16 *value)
{
	return pktmeta_get(c, PKTMETA_FIELD_ID_trace_id, value, sizeof(*value));
}

static __always_inline int pktmeta_is_set_trace_id(const struct pktmeta_cursor *c)
{
	return pktmeta_is_set(c, PKTMETA_FIELD_ID_trace_id);
}

static __always_inline int pktmeta_clear_trace_id(struct pktmeta_cursor *c)
{
	return pktmeta_clear(c, PKTMETA_FIELD_ID_trace_id);
}

/*
 * trusted: flag, 0 bytes
 *
 * Owner: edge
 * Source: constant
 * Id: 0x01000701, registered at 2023-11-14T22:13:21Z
 */
#define PKTMETA_FIELD_ID_trusted 0x01000701U

static __always_inline int pktmeta_set_trusted(struct pktmeta_cursor *c)
{
	return pktmeta_set(c, PKTMETA_FIELD_ID_trusted, NULL, 0);
}

static __always_inline int pktmeta_get_trusted(const struct pktmeta_cursor *c)
{
	return pktmeta_get(c, PKTMETA_FIELD_ID_trusted, NULL, 0);
}

static __always_inline int pktmeta_is_set_trusted(const struct pktmeta_cursor *c)
{
	return pktmeta_is_set(c, PKTMETA_FIELD_ID_trusted);
}

static __always_inline int pktmeta_clear_trusted(struct pktmeta_cursor *c)
{
	return pktmeta_clear(c, PKTMETA_FIELD_ID_trusted);
}

/*
 * zone: u16, 2 bytes
 *
 * Owner: none
 * Source: none
 * Id: 0x01000703, registered at 2023-11-14T22:13:21Z
 */
#define PKTMETA_FIELD_ID_zone 0x01000703U

static __always_inline int pktmeta_set_zone(struct pktmeta_cursor *c, __u16 value)
{
	return pktmeta_set(c, PKTMETA_FIELD_ID_zone, &value, sizeof(value));
}

static __always_inline int pktmeta_get_zone(const struct pktmeta_cursor *c, __u16 *value)
{
	return pktmeta_get(c, PKTMETA_FIELD_ID_zone, value, sizeof(*value));
}

static __always_inline int pktmeta_is_set_zone(const struct pktmeta_cursor *c)
{
	return pktmeta_is_set(c, PKTMETA_FIELD_ID_zone);
}

static __always_inline int pktmeta_clear_zone(struct pktmeta_cursor *c)
{
	return pktmeta_clear(c, PKTMETA_FIELD_ID_zone);
}

#endif /* PKTMETA_FIELDS_H */
