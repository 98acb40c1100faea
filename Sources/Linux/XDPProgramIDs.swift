// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
public import SystemPackage

/// The ids of the XDP programs that an interface has, by where they run; nil for none.
public struct XDPProgramIDs: Sendable, Hashable {
    public let native: UInt32?
    public let generic: UInt32?
    /// In the NIC.
    public let offloaded: UInt32?

    /// Asks about an interface of this thread's network namespace, and about no other: libbpf's `bpf_xdp_query` has the
    /// kernel list all, each time.
    ///
    /// - Throws: `operationNotSupportedByDevice` (ENODEV) if there is no such interface.
    public init(ifindex: UInt32) throws(Errno) {
        let ids = try LinkMessage(index: ifindex).xdpProgramIDs
        native = ids[Int(IFLA_XDP_DRV_PROG_ID)]
        generic = ids[Int(IFLA_XDP_SKB_PROG_ID)]
        offloaded = ids[Int(IFLA_XDP_HW_PROG_ID)]
    }
}
