/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/if_link.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
