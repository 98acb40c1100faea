// SPDX-License-Identifier: BSD-2-Clause

internal import CBPFShims
internal import Glibc
internal import Linux
internal import SystemPackage

/// Where in netfilter a program runs, as the kernel numbers it.
public struct NetfilterPosition: Sendable, Hashable {
    /// NFPROTO_* of linux/netfilter.h.
    public let family: UInt32
    /// NF_INET_* of linux/netfilter.h.
    public let hook: UInt32
    /// Lower ones run first.
    public var priority: Int32
    /// Whether fragments of IP packets are put together before the program gets them (since Linux 6.6).
    public let defragments: Bool

    public init(family: UInt32, hook: UInt32, priority: Int32, defragments: Bool) {
        self.family = family
        self.hook = hook
        self.priority = priority
        self.defragments = defragments
    }
}

extension BPFLink {
    /// Attaches a netfilter program in this thread's network namespace (since Linux 6.4). The link keeps that namespace
    /// alive, and tells nobody which it is, nor whether it was detached.
    ///
    /// - Throws: `resourceBusy` if another BPF program has that priority there; `outOfRange` for a priority that the kernel
    ///   keeps for itself; `invalidArgument` if the kernel has no netfilter programs.
    public static func netfilter(
        _ program: borrowing BPFProgram, at position: NetfilterPosition
    ) throws(BPFError) -> BPFLink {
        var place = netfilter_position()
        place.family = position.family
        place.hook = position.hook
        place.priority = position.priority
        place.flags = position.defragments ? NETFILTER_DEFRAGMENT : 0
        // The call reads the place and keeps nothing of it.
        let result = unsafe netfilter_create_link(program.fd.raw, &place)
        guard result >= 0 else { throw BPFError("attach \(program.name)", Errno(rawValue: -result)) }
        return BPFLink(owning: OwnedFD(result))
    }
}
