/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Values as numbers. */
#ifndef PKTMETA_DECODE_BPF_H
#define PKTMETA_DECODE_BPF_H

/* The number in the bytes of an integer type; not 0 if the type is not one. */
static __always_inline int decode(const void *value, __u8 type, __u64 *number)
{
	switch (type) {
	case PKTMETA_TYPE_U8:
		*number = *(const __pktmeta_u8 *)value;
		return 0;
	case PKTMETA_TYPE_U16:
		*number = *(const __pktmeta_u16 *)value;
		return 0;
	case PKTMETA_TYPE_U32:
		*number = *(const __pktmeta_u32 *)value;
		return 0;
	case PKTMETA_TYPE_U64:
		*number = *(const __pktmeta_u64 *)value;
		return 0;
	case PKTMETA_TYPE_BE16:
		*number = bpf_ntohs(*(const __pktmeta_u16 *)value);
		return 0;
	case PKTMETA_TYPE_BE32:
		*number = bpf_ntohl(*(const __pktmeta_u32 *)value);
		return 0;
	}
	return -EINVAL;
}

#endif /* PKTMETA_DECODE_BPF_H */
