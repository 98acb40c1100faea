// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
public import Linux
internal import SystemPackage

/// A program attached to a hook: detached when the last descriptor and the last pin of the link are gone.
public struct BPFLink: ~Copyable, Sendable {
    public enum XDPMode: String, Sendable, Hashable, CaseIterable {
        case native, generic

        /// XDP_FLAGS_* of linux/if_link.h.
        var flag: UInt32 {
            switch self {
            case .native: UInt32(XDP_FLAGS_DRV_MODE)
            case .generic: UInt32(XDP_FLAGS_SKB_MODE)
            }
        }
    }

    public struct Information: Sendable, Hashable {
        public let id: UInt32
        public let programID: UInt32
        /// 0 if the interface is gone.
        public let ifindex: UInt32
    }

    public let fd: OwnedFD

    public init(pinnedAt entry: FolderEntry) throws(BPFError) {
        fd = try BPFFileSystem.open(entry)
    }

    /// - Throws: `notPermitted` (EPERM) without CAP_SYS_ADMIN; `noSuchFileOrDirectory` if there is no such link.
    public init(id: UInt32) throws(BPFError) {
        fd = OwnedFD(try libbpf("open link \(id)") { bpf_link_get_fd_by_id(id) })
    }

    /// Attaches an XDP program to an interface of this thread's network namespace.
    public init(xdp program: borrowing BPFProgram, ifindex: UInt32, mode: XDPMode) throws(BPFError) {
        fd = try Self.create(program, ifindex: ifindex, hook: BPF_XDP.rawValue, flags: mode.flag)
    }

    /// Attaches a TC program to an interface's ingress, behind those already there (since Linux 6.6).
    public init(tcxIngress program: borrowing BPFProgram, ifindex: UInt32) throws(BPFError) {
        fd = try Self.create(program, ifindex: ifindex, hook: Self.tcxIngress, flags: 0)
    }

    /// Attaches a TC program to an interface's egress, behind those already there (since Linux 6.6).
    public init(tcxEgress program: borrowing BPFProgram, ifindex: UInt32) throws(BPFError) {
        fd = try Self.create(program, ifindex: ifindex, hook: Self.tcxEgress, flags: 0)
    }

    /// BPF_TCX_INGRESS and BPF_TCX_EGRESS, which libbpf 1.1's copy of linux/bpf.h does not have.
    static let tcxIngress: UInt32 = 46
    private static let tcxEgress: UInt32 = 47

    private static func create(
        _ program: borrowing BPFProgram, ifindex: UInt32, hook: UInt32, flags: UInt32
    ) throws(BPFError) -> OwnedFD {
        var options = unsafe bpf_link_create_opts()
        unsafe options.sz = MemoryLayout<bpf_link_create_opts>.size(through: \.flags)
        unsafe options.flags = flags
        let programFD = program.fd.raw
        let fd = try libbpf("attach \(program.name)") {
            unsafe bpf_link_create(programFD, CInt(ifindex), bpf_attach_type(hook), &options)
        }
        return OwnedFD(fd)
    }

    /// Puts a program in the place of the one attached; no packet passes without either.
    ///
    /// - Parameter expected: fails with EPERM or EINVAL if another is attached by now.
    public func update(to program: borrowing BPFProgram, replacing expected: borrowing BPFProgram) throws(BPFError) {
        var options = bpf_link_update_opts()
        options.sz = MemoryLayout<bpf_link_update_opts>.size(through: \.old_prog_fd)
        options.flags = UInt32(BPF_F_REPLACE)
        options.old_prog_fd = UInt32(expected.fd.raw)
        let new = program.fd.raw
        try libbpf("replace \(expected.name)") { unsafe bpf_link_update(fd.raw, new, &options) }
    }

    /// Detaches the program now. Whoever still holds the link holds one without an interface.
    public func detach() throws(BPFError) {
        try libbpf("detach a link") { bpf_link_detach(fd.raw) }
    }

    public func pin(at entry: FolderEntry) throws(BPFError) {
        try BPFFileSystem.pin(fd.raw, at: entry)
    }

    public var information: Information {
        get throws(BPFError) {
            var info = bpf_link_info()
            var length = UInt32(MemoryLayout<bpf_link_info>.size)
            try libbpf("get a link's information") { unsafe bpf_obj_get_info_by_fd(fd.raw, &info, &length) }
            // XDP and TCX links both begin their part with the ifindex (linux/bpf.h).
            return Information(id: info.id, programID: info.prog_id, ifindex: info.xdp.ifindex)
        }
    }
}

/// The TCX programs at an interface's ingress, in this thread's network namespace; none on kernels without TCX.
public func attachedTCXProgramIDs(ifindex: UInt32) throws(BPFError) -> [UInt32] {
    var ids = [UInt32](repeating: 0, count: 64)  // BPF_MPROG_MAX in include/linux/bpf_mprog.h
    var count = UInt32(ids.count)
    do throws(BPFError) {
        try libbpf("ask for TCX programs") {
            unsafe bpf_prog_query(
                CInt(ifindex), bpf_attach_type(BPFLink.tcxIngress), 0, nil, &ids, &count)
        }
    } catch {
        if error.errno == .invalidArgument { return [] }
        throw error
    }
    return Array(ids.prefix(Int(count)))
}

/// The XDP program that an interface of this thread's network namespace has, in either mode; nil if none.
public func attachedXDPProgramID(ifindex: UInt32) throws(BPFError) -> UInt32? {
    var id: UInt32 = 0
    try libbpf("ask for the XDP program") { unsafe bpf_xdp_query_id(CInt(ifindex), 0, &id) }
    return id == 0 ? nil : id
}
