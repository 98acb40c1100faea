/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the NIC knows of a packet, from its driver: kernel functions for device-bound programs (Linux 6.3; rx_vlan
 * 6.8). They return 0, -ENODATA if this packet has none, -EOPNOTSUPP if the driver never does.
 */
#ifndef PKTMETA_HARDWARE_BPF_H
#define PKTMETA_HARDWARE_BPF_H

#ifndef ENODATA
#define ENODATA 61
#endif

enum xdp_rss_hash_type {
	XDP_RSS_TYPE_NONE = 0, /* the others are not of interest here */
};

extern int bpf_xdp_metadata_rx_timestamp(const struct xdp_md *ctx, __u64 *timestamp) __ksym __weak;
extern int bpf_xdp_metadata_rx_hash(const struct xdp_md *ctx, __u32 *hash,
				    enum xdp_rss_hash_type *rss_type) __ksym __weak;
extern int bpf_xdp_metadata_rx_vlan_tag(const struct xdp_md *ctx, __be16 *vlan_proto, __u16 *vlan_tci) __ksym __weak;

/* ns, by the NIC's clock */
static __always_inline int rx_timestamp(const struct xdp_md *ctx, __u64 *number)
{
	int err;

	*number = 0;
	err = bpf_xdp_metadata_rx_timestamp(ctx, number);
	/* None, which a driver may tell as the kernel does in skb_hwtstamps(): veth does. */
	return err || *number ? err : -ENODATA;
}

static __always_inline int rx_hash(const struct xdp_md *ctx, __u64 *number)
{
	enum xdp_rss_hash_type type = XDP_RSS_TYPE_NONE;
	__u32 hash = 0;
	int err = bpf_xdp_metadata_rx_hash(ctx, &hash, &type);

	*number = hash;
	return err;
}

static __always_inline int rx_vlan(const struct xdp_md *ctx, __u64 *number)
{
	__be16 proto = 0;
	__u16 tci = 0;
	int err = bpf_xdp_metadata_rx_vlan_tag(ctx, &proto, &tci);

	*number = tci;
	return err;
}

#endif /* PKTMETA_HARDWARE_BPF_H */
