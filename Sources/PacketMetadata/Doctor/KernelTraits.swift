// SPDX-License-Identifier: BSD-2-Clause

internal import BPF

/// What the kernel's types say that it has.
struct KernelTraits: Hashable, Sendable {
    let hasXDPLinks: Bool
    let hasTCXLinks: Bool
    /// TC programs can write to the area of a packet that a tap shares (Linux 6.18).
    let writesBesideTaps: Bool

    /// - Returns: nil if the types cannot be read.
    init?() {
        do throws(BPFError) {
            let (xdp, tcx, write) = ("bpf_xdp_link", "tcx_link", "bpf_dynptr_from_skb_meta")
            let types = try KernelTypes(functions: [write], structs: [xdp, tcx])
            hasXDPLinks = types.hasStruct(xdp)
            hasTCXLinks = types.hasStruct(tcx)
            writesBesideTaps = types.hasFunction(write)
        } catch {
            return nil
        }
    }
}
