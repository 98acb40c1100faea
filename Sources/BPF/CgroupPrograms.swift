// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
public import Linux
internal import SystemPackage

/// What programs of a cgroup run on.
public enum CgroupHook: Sendable, Hashable, CaseIterable {
    /// Packets to its sockets, or from them.
    case ingress, egress
    /// Calls of getsockopt(2) on its sockets, behind the kernel's own answer; of setsockopt(2), in front of it.
    case socketOptionsGet, socketOptionsSet

    var attachType: bpf_attach_type {
        switch self {
        case .ingress: BPF_CGROUP_INET_INGRESS
        case .egress: BPF_CGROUP_INET_EGRESS
        case .socketOptionsGet: BPF_CGROUP_GETSOCKOPT
        case .socketOptionsSet: BPF_CGROUP_SETSOCKOPT
        }
    }
}

extension BPFLink {
    /// Attaches a program to a cgroup beside those there are: it runs for sockets of the cgroup and of those below. The
    /// kernel detaches it when the cgroup goes.
    ///
    /// - Throws: `argumentListTooLong` (E2BIG) if the cgroup has as many as the kernel allows; `notPermitted` also if a
    ///   cgroup above has a program that rules others out.
    public static func cgroup(
        _ program: borrowing BPFProgram, _ cgroup: borrowing ControlGroup, _ hook: CgroupHook
    ) throws(BPFError) -> BPFLink {
        let (programFD, cgroupFD) = (program.fd.raw, cgroup.fd.raw)
        return BPFLink(
            owning: OwnedFD(
                try libbpf("attach \(program.name)") {
                    bpf_link_create(programFD, cgroupFD, hook.attachType, nil)
                }))
    }
}

/// The programs that a cgroup has itself, in the order in which they run.
public enum CgroupPrograms {
    /// - Throws: `notPermitted` without CAP_NET_ADMIN.
    public static func query(_ cgroup: borrowing ControlGroup, _ hook: CgroupHook) throws(BPFError) -> [UInt32] {
        var ids = [UInt32](repeating: 0, count: most)
        var count = UInt32(most)
        var flags: UInt32 = 0
        let fd = cgroup.fd.raw
        try libbpf("ask for a cgroup's programs") {
            // The kernel writes at most as many ids as it is told there is room for.
            unsafe ids.withUnsafeMutableBufferPointer { buffer in
                unsafe bpf_prog_query(fd, hook.attachType, 0, &flags, buffer.baseAddress, &count)
            }
        }
        return Array(ids.prefix(Int(count)))
    }

    /// BPF_CGROUP_MAX_PROGS of the kernel's include/linux/bpf-cgroup-defs.h.
    private static let most = 64
}
