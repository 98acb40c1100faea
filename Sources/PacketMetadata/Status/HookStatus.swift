// SPDX-License-Identifier: BSD-2-Clause

public import SystemPackage

/// A hook on which a registry has attachments, and what else is there.
public struct HookStatus: Sendable, Hashable {
    /// A program on the hook.
    public enum Entry: Sendable, Hashable {
        case ours(ProgramStatus)
        case other(HookOccupant)
    }

    public let place: HookPlace
    /// Of an interface's hook.
    public let ifindex: UInt32?
    public let hook: Hook
    /// In the order in which they run.
    public let entries: [Entry]
    /// Whether this process could look at the hook: else there may be other programs.
    public let isComplete: Bool

    /// The interface's name; nil of another hook.
    public var interface: String? { place.interface }
}

/// A program that a registry has attached.
public struct ProgramStatus: Sendable, Hashable {
    public enum State: String, Sendable, Hashable, CaseIterable {
        case attached
        /// What its hook is of is, or somebody else has detached it. The next command that writes forgets it.
        case gone
        /// In a network namespace that nothing else is found to keep alive: ``Registry/repair()`` detaches it.
        case deserted
        /// This process may not look.
        case unknown
    }

    public let program: String
    /// The path of its object as the user named it, or what prebuilt program it is.
    public let object: String
    /// Whether pktmeta brought the program along.
    public let isPrebuilt: Bool
    public let state: State
    public let mode: AttachmentMode
    /// Of netfilter, where the program is while others have the place of the attachment: at another priority. nil if it is
    /// where it is to be, or this process may not know.
    public let standsAt: NetfilterHook?
    /// nil if this process may not know it.
    public let programID: UInt32?
    /// Of the link that holds the first program of a chain. nil likewise, and for a filter.
    public let linkID: UInt32?
    /// Fields that it may set or get.
    public let fields: [String]
    /// Of the prebuilt programs that answer sockets, the ways in which these may ask; else none.
    public let ways: SocketWays
    /// Whose documents declare that the program is attached; empty if none does, or was asked of one who may not know.
    public let declaredBy: [String]
    /// CLOCK_REALTIME, ns.
    public let attachedAt: UInt64
    /// Packets since the program was loaded, of all attachments that share it; nil unless the kernel counts (sysctl
    /// kernel.bpf_stats_enabled).
    public let packets: UInt64?
    public let pins: FilePath
    /// The program's own maps, global variables among them, by name. nil if this process may not look.
    public let maps: [PinnedMap]?
}
