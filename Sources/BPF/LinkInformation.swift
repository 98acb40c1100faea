// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
internal import Linux
internal import SystemPackage

/// What the kernel says of a link.
public struct LinkInformation: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case xdp, tcx
        /// BPF_LINK_TYPE_* of linux/bpf.h.
        case other(UInt32)
    }

    public let id: UInt32
    public let kind: Kind
    public let programID: UInt32
    /// Of an XDP or TCX link, in its interface's network namespace; 0 if the interface is gone.
    public let ifindex: UInt32

    /// - Throws: `notPermitted` (EPERM) without CAP_SYS_ADMIN; `noSuchFileOrDirectory` if there is no such link.
    public init(id: UInt32) throws(BPFError) {
        self = try BPFLink(id: id).information
    }

    init(_ fd: borrowing OwnedFD) throws(BPFError) {
        var info = bpf_link_info()
        var length = UInt32(MemoryLayout<bpf_link_info>.size)
        let raw = fd.raw
        try libbpf("get a link's information") { unsafe bpf_obj_get_info_by_fd(raw, &info, &length) }
        id = info.id
        programID = info.prog_id
        kind =
            switch info.type {
            case BPF_LINK_TYPE_XDP.rawValue: .xdp
            case Self.tcxType: .tcx
            default: .other(info.type)
            }
        // XDP and TCX links both begin their part with the ifindex (linux/bpf.h).
        if case .other = kind { ifindex = 0 } else { ifindex = info.xdp.ifindex }
    }

    /// BPF_LINK_TYPE_TCX, which libbpf 1.1's copy of linux/bpf.h does not have.
    private static let tcxType: UInt32 = 11

    /// All links of the kernel, of whatever owner and network namespace.
    ///
    /// - Throws: `notPermitted` (EPERM) without CAP_SYS_ADMIN.
    public static func all() throws(BPFError) -> [LinkInformation] {
        // One may go between the listing and here.
        try objectNumbers("list links") { unsafe bpf_link_get_next_id($0, &$1) }
            .compactMap { try? LinkInformation(id: $0) }
    }
}
