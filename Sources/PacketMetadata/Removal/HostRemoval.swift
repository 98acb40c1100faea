// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel
public import SystemPackage

/// What there is of pktmeta on this host, and what came of each part when all of it was to go.
public struct HostRemoval: Sendable, Hashable {
    /// What is to go.
    public struct Request: Sendable, Hashable {
        /// Folders of registries; nil for all that can be found, and for what is attached without any.
        public var registries: [FilePath]?
        /// Only looks, and says what would be done.
        public var isDryRun: Bool
        /// As for ``Registry/open(at:for:trustsOwner:waiting:recording:)``.
        public var trustsOwner: Bool

        public init(registries: [FilePath]? = nil, isDryRun: Bool = false, trustsOwner: Bool = false) {
            self.registries = registries
            self.isDryRun = isDryRun
            self.trustsOwner = trustsOwner
        }
    }

    /// A hook of an interface.
    public struct Place: Sendable, Hashable {
        public let namespace: NamespaceLabel
        /// SO_NETNS_COOKIE of the namespace.
        public let netnsCookie: UInt64
        public let interface: String
        public let ifindex: UInt32
        public let hook: Hook
    }

    public enum Part: Sendable, Hashable {
        /// A registry, with the names of all programs that are pinned for it.
        case registry(FilePath, programs: [String])
        /// A program on a hook.
        case program(Place, HookOccupant, holders: [ProgramHolder])
        /// A link, with where it is as far as it tells: nil if it is of an interface that was not found.
        case link(UInt32, at: String?, programID: UInt32, programName: String?, holders: [ProgramHolder])
        /// A clsact qdisc that pktmeta has made.
        case qdisc(Place)
        /// A program that is on no hook, and still in the kernel.
        case loaded(UInt32, name: String)
        /// A registry's map of fields that is still in the kernel, although it is pinned nowhere that was looked at.
        case map(UInt32)
        /// A place that this process could not look at, in words.
        case unseen(String)
    }

    public enum Outcome: Sendable, Hashable {
        case removed
        /// Would be removed, were it not a dry run.
        case planned
        /// Pktmeta's, and still there.
        case left(Reason)
        /// Not pktmeta's to remove.
        case kept(reason: String)
    }

    /// Why something that is pktmeta's is still there.
    public enum Reason: Sendable, Hashable {
        case refused(PacketMetadataError)
        /// By processes and pins, in words.
        case held(by: [String])
        /// By programs of pktmeta's that are still there.
        case heldByPrograms([String])
        /// By sockets of an application that has attached it to them, to be picked among.
        case heldBySockets
        /// What holds it is in another mount namespace, say.
        case heldOutOfSight
        /// Its registry is left.
        case registryLeft
        /// It is attached still, or was attached meanwhile.
        case attached
        /// Of a place that this process could not look at.
        case unseen
    }

    public struct Item: Sendable, Hashable {
        public let part: Part
        public let outcome: Outcome

        package init(_ part: Part, _ outcome: Outcome) {
            self.part = part
            self.outcome = outcome
        }
    }

    public let isDryRun: Bool
    public let items: [Item]

    package init(isDryRun: Bool, items: [Item]) {
        self.isDryRun = isDryRun
        self.items = items
    }

    /// Whether nothing of pktmeta's is left, or would be.
    public var isComplete: Bool {
        !items.contains { if case .left = $0.outcome { true } else { false } }
    }

    /// Takes pktmeta off this host, whatever state it is in: registries of any version, damaged or cut short too, in all BPF
    /// file systems that this process sees, and what pktmeta has attached in any network namespace, with pins or without.
    ///
    /// Pktmeta's is what is pinned for a registry, and what a program is attached by that pktmeta has loaded, which the
    /// kernel says of it. Programs that others have loaded are told of if they use a registry, and left alone. What
    /// cannot be removed keeps nothing else from going. No process is ended.
    ///
    /// - Parameters:
    ///   - request: what is to go.
    ///   - waiting: as for ``Registry/open(at:for:trustsOwner:waiting:recording:)``.
    ///   - recording: likewise.
    /// - Throws: `usage`, `badData` or `missingPrivilege` if a registry that was named is none, or cannot be looked at.
    ///   What kept something from being removed is said of it.
    public static func run(
        _ request: Request, waiting: LockWait = LockWait(),
        recording: @escaping @Sendable (RegistryChange) -> Void = { _ in }
    ) throws(PacketMetadataError) -> HostRemoval {
        let registries = try RegistrySearch(request, waiting, recording)
        let search = HookSearch(registries)
        let before = search.look()
        let items =
            request.isDryRun
            ? RemovalPlan(registries, before).items : RemovalRun(registries, search, before).items()
        return HostRemoval(isDryRun: request.isDryRun, items: items)
    }
}
