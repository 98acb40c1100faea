// SPDX-License-Identifier: BSD-2-Clause

internal import CBPFShims
internal import Clibbpf
internal import Linux
internal import SystemPackage

/// What the kernel says of a link.
public struct LinkInformation: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case xdp, tcx
        case netfilter(NetfilterPosition)
        /// With the cgroup's number, which is 0 if it is gone or the link was detached; nil at another hook than
        /// these.
        case cgroup(UInt64, CgroupHook?)
        /// BPF_LINK_TYPE_* of linux/bpf.h.
        case other(UInt32)
    }

    public let id: UInt32
    public let kind: Kind
    public let programID: UInt32
    /// Of an XDP or TCX link, in its interface's network namespace; 0 if the interface is gone, and of other links.
    public let ifindex: UInt32

    /// Whether it holds its program at a hook. Of a netfilter link the kernel does not tell: it is taken to.
    public var isAttached: Bool {
        switch kind {
        case .xdp, .tcx: ifindex != 0
        case .cgroup(let id, _): id != 0
        case .netfilter, .other: true
        }
    }

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
            case BPF_LINK_TYPE_CGROUP.rawValue:
                .cgroup(
                    info.cgroup.cgroup_id,
                    CgroupHook.allCases.first { $0.attachType.rawValue == info.cgroup.attach_type })
            case UInt32(NETFILTER_LINK_TYPE): .netfilter(NetfilterPosition(&info))
            default: .other(info.type)
            }
        // XDP and TCX links both begin their part with the ifindex (linux/bpf.h).
        ifindex = kind == .xdp || kind == .tcx ? info.xdp.ifindex : 0
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

extension NetfilterPosition {
    /// Of a netfilter link, whose part libbpf 1.1's copy of linux/bpf.h does not have.
    ///
    /// Taken from the memory that the kernel wrote: a copy of another part would leave out what is padding there.
    fileprivate init(_ info: inout bpf_link_info) {
        let place = unsafe withUnsafeBytes(of: &info) { bytes in
            unsafe bytes.loadUnaligned(fromByteOffset: Int(NETFILTER_INFO_OFFSET), as: netfilter_position.self)
        }
        self.init(
            family: place.family, hook: place.hook, priority: place.priority,
            defragments: place.flags & NETFILTER_DEFRAGMENT != 0)
    }
}
