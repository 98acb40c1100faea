// SPDX-License-Identifier: BSD-2-Clause

internal import BPF

/// What the kernel's types say that it has.
struct KernelTraits: Hashable, Sendable {
    let hasXDPLinks: Bool
    let hasTCXLinks: Bool
    /// TC programs can write to the area of a packet that a tap shares (Linux 6.18).
    let writesBesideTaps: Bool
    /// Such a write gives the packet bytes of its own, with its area (about Linux 6.19).
    let copiesBesideTaps: Bool

    init(
        hasXDPLinks: Bool = true, hasTCXLinks: Bool = true, writesBesideTaps: Bool = true, copiesBesideTaps: Bool = true
    ) {
        self.hasXDPLinks = hasXDPLinks
        self.hasTCXLinks = hasTCXLinks
        self.writesBesideTaps = writesBesideTaps
        self.copiesBesideTaps = copiesBesideTaps
    }

    /// - Returns: nil if the types cannot be read.
    init?() {
        do throws(BPFError) {
            let (xdp, tcx, write) = ("bpf_xdp_link", "tcx_link", "bpf_dynptr_from_skb_meta")
            // What bpf_dynptr_write calls since it makes the packet's head writable first (net/core/filter.c).
            let copy = "__bpf_skb_meta_store_bytes"
            let types = try KernelTypes(functions: [write, copy], structs: [xdp, tcx])
            hasXDPLinks = types.hasStruct(xdp)
            hasTCXLinks = types.hasStruct(tcx)
            writesBesideTaps = types.hasFunction(write)
            copiesBesideTaps = types.hasFunction(copy)
        } catch {
            return nil
        }
    }
}
