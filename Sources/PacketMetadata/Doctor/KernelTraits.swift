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
            let types = try KernelTypes()
            hasXDPLinks = types.hasStruct("bpf_xdp_link")
            hasTCXLinks = types.hasStruct("tcx_link")
            writesBesideTaps = types.hasFunction("bpf_dynptr_from_skb_meta")
        } catch {
            return nil
        }
    }
}
