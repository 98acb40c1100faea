// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
public import SystemPackage

/// The interfaces that a container has got.
public struct ContainerInterfaces: Sendable, Hashable {
    /// Of this thread's network namespace, by their names.
    public let ofHost: [String]
    /// Of the container's.
    public let ofContainer: [String]
    /// The container's network namespace; nil if it is gone.
    public let netns: FilePath?

    public init(ofHost: [String] = [], ofContainer: [String], netns: FilePath?) {
        self.ofHost = ofHost
        self.ofContainer = ofContainer
        self.netns = netns
    }
}

/// What is declared of the interfaces that a container has got: of those of the host as of any other; of those in its network
/// namespace, which nobody knows before, as its network declares.
public struct ContainerDeclaration: Sendable {
    /// Who declares what containers have: not the documents' owners, for whom it would be what they declare no more.
    public static let owner = "cni"

    private let host: HostDeclaration
    private let container: HostDeclaration
    private let netns: FilePath?

    /// - Parameters:
    ///   - whole: what the host is to have.
    ///   - container: what interfaces are to have in the network namespace of the container.
    ///   - interfaces: those that the container has got.
    /// - Throws: what rtnetlink(7) refuses; `notFound` if the network namespace is not there.
    public init(
        _ whole: HostDeclaration, container: [AttachmentDeclaration], of interfaces: ContainerInterfaces
    ) throws(PacketMetadataError) {
        let netns = interfaces.netns
        self.netns = netns
        host = try whole.narrowed(toInterfaces: interfaces.ofHost)
        var inside = whole
        inside.attachments = container
        guard let netns, !container.isEmpty else {
            // Entering a namespace takes a capability more.
            self.container = try inside.narrowed(toInterfaces: [])
            return
        }
        self.container = try NetworkNamespace.run(in: netns.string) { () throws(PacketMetadataError) in
            try inside.narrowed(toInterfaces: interfaces.ofContainer)
        }
    }

    /// Whether nothing is declared of any of them.
    public var isEmpty: Bool { host.attachments.isEmpty && container.attachments.isEmpty }

    /// Gives the interfaces what is declared of them, and the registry its fields.
    ///
    /// - Throws: as ``HostDeclaration/apply(at:_:trustsOwner:waiting:recording:note:)``; `notFound` if one is not there.
    /// - Returns: what was done.
    public func apply(
        at path: FilePath, waiting: LockWait = LockWait(),
        recording: @escaping @Sendable (RegistryChange) -> Void = { _ in }, note: (String) -> Void = { _ in }
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        var reports: [AttachmentReport] = []
        let programs = CommandPrograms()
        try inEach { part throws(PacketMetadataError) in
            let absences = try HookDemands(part.attachments, netns: nil, programs).absences
            if !absences.isEmpty { throw PacketMetadataError(HostRefusal.notThere(absences)) }
        }
        try inEach { part throws(PacketMetadataError) in
            let plan = try part.planFinishing(
                at: path, DeclarationLimits(), trustsOwner: false, waiting: waiting, recording: recording)
            if plan.isEmpty { return }
            guard plan.settings.isEmpty, plan.fields.isEmpty, !part.fields.contains(where: \.requiresHardware) else {
                reports += try part.apply(at: path, waiting: waiting, recording: recording, note: note).reports
                return
            }
            // As nearly always: of all that is declared only these programs are missing. Containers that come at once wait for
            // each other, so nothing is tried before it is attached, which is all or nothing anyway.
            reports += try doing(.applyDeclaration(path)) { () throws(PacketMetadataError) in
                let registry = try Registry.open(at: path, for: .write, waiting: waiting, recording: recording)
                let demands = try HookDemands(part.attachments, netns: nil, programs)
                return try registry.attach(demands.demands, part, DeclarationLimits())
            }
        }
        return reports
    }

    /// How the interfaces differ from what is declared of them. What the registry lacks besides is not told.
    ///
    /// - Throws: as ``HostDeclaration/plan(at:_:trustsOwner:waiting:)``.
    public func differences(
        at path: FilePath, waiting: LockWait = LockWait()
    ) throws(PacketMetadataError) -> (programs: [ProgramChange], absences: [Absence]) {
        var (programs, absences): ([ProgramChange], [Absence]) = ([], [])
        try inEach { part throws(PacketMetadataError) in
            let plan = try part.differences(at: path, waiting: waiting)
            programs += plan.programs
            absences += plan.absences.filter { !$0.isOfField }
        }
        return (programs, absences)
    }

    /// Each part of which something is declared, where it counts.
    private func inEach(
        _ body: (HostDeclaration) throws(PacketMetadataError) -> Void
    ) throws(PacketMetadataError) {
        if !host.attachments.isEmpty { try body(host) }
        if container.attachments.isEmpty { return }
        try NetworkNamespace.run(in: netns?.string) { () throws(PacketMetadataError) in try body(container) }
    }
}

extension HostDeclaration {
    fileprivate func narrowed(toInterfaces names: [String]) throws(PacketMetadataError) -> HostDeclaration {
        var narrowed = self
        (narrowed.owners, narrowed.attachments) = ([], [])
        for name in names { narrowed.attachments += try self.narrowed(toInterface: name).attachments }
        return narrowed
    }
}

extension Absence {
    fileprivate var isOfField: Bool {
        if case .refused(let error) = kind { error.refusal is FieldRefusal } else { false }
    }
}

extension Registry {
    /// Detaches what is declared of a container's interfaces and of the host's ends of them, as they are about to go, and
    /// forgets what was attached to interfaces that are gone.
    ///
    /// What somebody attached by hand stays for as long as its interface does. An interface or a network namespace that is not
    /// there any more is no error. Of a namespace that is not told, or cannot be entered, the host's ends are those that are told; what
    /// is attached in it goes with it.
    public func release(_ interfaces: ContainerInterfaces) throws(PacketMetadataError) -> [AttachmentReport] {
        let action = Action.detach(from: interfaces.ofContainer)
        return try doing(action) { () throws(PacketMetadataError) in
            let store = AttachmentStore(pins)
            return try pins.locked { () throws(PacketMetadataError) in
                try store.recover()
                let index = try unambiguousIndex(store)
                func detach(_ names: [String]) throws(PacketMetadataError) -> [AttachmentReport] {
                    var changes: [HookChange] = []
                    let hooks = Hook.all(of: .interface)
                    for attacher in try Attacher.all(names, programs: CommandPrograms(), for: { .detach(from: [$0]) }) {
                        changes += try attacher.changes(detachingDeclaredFrom: hooks, index, self)
                    }
                    return try apply(changes, store, action).filter { $0.outcome == .detached }
                }
                guard let path = interfaces.netns, let netns = try? NetworkNamespace(path: path) else {
                    let told = interfaces.ofHost.compactMap { try? NetworkInterface(named: $0) }
                    // A bridge is not the container's alone.
                    return try detach(told.filter { $0.vethPeerIndex != nil }.map(\.name))
                }
                var pairs: [(here: UInt32, there: UInt32)] = []
                let inside = try netns.run("of the container") { () throws(PacketMetadataError) in
                    let there = interfaces.ofContainer.compactMap { try? NetworkInterface(named: $0) }
                    pairs = there.compactMap { end in end.vethPeerIndex.map { ($0, end.index) } }
                    return try detach(there.map(\.name))
                }
                let ends = pairs.compactMap { NetworkInterface.vethEnd($0.here, of: $0.there, in: netns) }
                return try detach(ends.map(\.name)) + inside
            }
        }
    }
}
