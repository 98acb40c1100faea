// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
public import SystemPackage

/// Keeps a host as it is declared, as interfaces come, are called otherwise or are made anew, and as network namespaces do.
///
/// What the kernel tells is waited for: nothing is asked again and again. To be used by one thread.
public final class HostFollower {
    /// What it has done.
    public enum Event: Sendable {
        /// The whole declaration was compared and applied.
        case applied(HostPlan, [AttachmentReport])
        /// Interfaces that came got their programs.
        case attached([AttachmentReport])
        /// Something was refused; the next change may bring it about.
        case refused(PacketMetadataError)
    }

    private let declaration: HostDeclaration
    private let path: FilePath
    private let limits: DeclarationLimits
    private let trustsOwner: Bool
    private let waiting: LockWait
    private let recording: @Sendable (RegistryChange) -> Void
    private let tell: (Event) -> Void
    private let mounts: MountMonitor
    private var places: [FollowedNamespace] = []
    /// What was loaded for the registry as it was then, for interfaces that come later.
    private var programs: (image: RegistryImage, loaded: CommandPrograms)?

    /// - Parameters:
    ///   - declaration: what the host is to have.
    ///   - path: the registry's folder of pins.
    ///   - limits: what may go.
    ///   - trustsOwner: as for ``Registry/open(at:for:trustsOwner:waiting:recording:)``.
    ///   - waiting: how to wait for processes that change the registry.
    ///   - recording: told each change that is made.
    ///   - tell: told what was done, and what was refused.
    public init(
        _ declaration: HostDeclaration, at path: FilePath, _ limits: DeclarationLimits = DeclarationLimits(),
        trustsOwner: Bool = false, waiting: LockWait = LockWait(),
        recording: @escaping @Sendable (RegistryChange) -> Void = { _ in }, tell: @escaping (Event) -> Void
    ) throws(PacketMetadataError) {
        self.declaration = declaration
        self.path = path
        self.limits = limits
        self.trustsOwner = trustsOwner
        self.waiting = waiting
        self.recording = recording
        self.tell = tell
        do throws(Errno) {
            mounts = try MountMonitor()
        } catch {
            throw PacketMetadataError(error, doing: "watch the mounts")
        }
    }

    /// Applies the whole declaration.
    ///
    /// - Throws: what is refused of it.
    public func begin() throws(PacketMetadataError) {
        // Before the first look, so that nothing comes unnoticed in between.
        try findNamespaces()
        try applyAll()
    }

    /// Waits until something happens, and has what came get what is declared.
    ///
    /// - Throws: if the kernel does not tell any more.
    public func next() throws(PacketMetadataError) {
        let sources =
            [EventWait.Source.exceptional(mounts.descriptor)]
            + places.map { .readable($0.monitor.descriptor) }
        let happened = EventWait.wait(for: sources)
        // Those that are ready are read before the list of them changes.
        for (place, isReady) in zip(places, happened.dropFirst()) where isReady { try follow(place) }
        if happened[0], try findNamespaces() { applyAllAndTell() }
    }

    private func applyAll() throws(PacketMetadataError) {
        // Before, so that one that comes meanwhile is new, whether it has got its programs or not.
        var seen: [[NetworkInterface]] = []
        for place in places { seen.append(try place.interfaces()) }
        do throws(PacketMetadataError) {
            try tell(apply(declaration, limits))
        } catch {
            // One interface must not keep the others from theirs: what is of none is applied, or there is nothing to follow for.
            guard declaration.attachments.contains(where: \.isOfInterfaces) else { throw error }
            let rest = DeclarationLimits(prunes: false, replaces: limits.replaces)
            let done = try apply(declaration.withoutInterfaces, rest)
            if !done.plan.isEmpty { tell(done) }
            for (place, interfaces) in zip(places, seen) { attachEach(interfaces, in: place) }
        }
        for (place, known) in zip(places, seen) { place.know(known) }
    }

    private func apply(
        _ declaration: HostDeclaration, _ limits: DeclarationLimits
    ) throws(PacketMetadataError) -> (plan: HostPlan, reports: [AttachmentReport]) {
        try declaration.apply(at: path, limits, trustsOwner: trustsOwner, waiting: waiting, recording: recording)
    }

    private func tell(_ done: (plan: HostPlan, reports: [AttachmentReport])) { tell(.applied(done.plan, done.reports)) }

    private func applyAllAndTell() {
        do throws(PacketMetadataError) {
            try applyAll()
        } catch {
            tell(.refused(error))
        }
    }

    /// - Returns: whether there is one that was not there before, or is another than it was.
    @discardableResult
    private func findNamespaces() throws(PacketMetadataError) -> Bool {
        var found: [FollowedNamespace] = []
        var isNew = false
        for netns in declaration.namespaces {
            guard let place = try FollowedNamespace.find(netns) else { continue }
            if let known = places.first(where: { $0.netns == netns && $0.cookie == place.cookie }) {
                found.append(known)
            } else {
                found.append(place)
                isNew = true
            }
        }
        places = found
        return isNew
    }

    private func follow(_ place: FollowedNamespace) throws(PacketMetadataError) {
        guard let came = try place.news() else { return applyAllAndTell() }
        for begin in stride(from: 0, to: came.count, by: Self.mostAtOnce) {
            attachAll(Array(came[begin..<min(begin + Self.mostAtOnce, came.count)]), in: place)
        }
    }

    /// So many interfaces at once: what is found out for each time is found out rarely, and what is kept meanwhile is little.
    private static let mostAtOnce = 256

    private func attachAll(_ came: [NetworkInterface], in place: FollowedNamespace) {
        do throws(PacketMetadataError) {
            try attach(came, in: place)
        } catch {
            // As they are declared, they come again, and what is attached with them.
            if error.isOfMissingRegistry, (try? applyAll()) != nil { return }
            if came.count == 1 { return refuse(error, came[0], place) }
            attachEach(came, in: place)
        }
    }

    /// One after the other, so that none keeps the others from theirs.
    private func attachEach(_ interfaces: [NetworkInterface], in place: FollowedNamespace) {
        for interface in interfaces {
            do throws(PacketMetadataError) {
                try attach([interface], in: place)
            } catch {
                refuse(error, interface, place)
            }
        }
    }

    /// An interface that has gone meanwhile is none to tell of.
    private func refuse(_ error: PacketMetadataError, _ interface: NetworkInterface, _ place: FollowedNamespace) {
        let isThere = try? NetworkNamespace.run(in: place.netns) { () throws(PacketMetadataError) in
            (try? NetworkInterface(index: interface.index)) != nil
        }
        if isThere ?? false { tell(.refused(error)) }
    }

    private func attach(
        _ interfaces: [NetworkInterface], in place: FollowedNamespace
    ) throws(PacketMetadataError) {
        let registry = try Registry.open(
            at: path, for: .write, trustsOwner: trustsOwner, waiting: waiting, recording: recording)
        let programs = try programs(for: registry)
        let reports = try NetworkNamespace.run(in: place.netns) { () throws(PacketMetadataError) in
            let demands = try HookDemands(
                declaration.attachments.filter { $0.netns == place.netns && $0.isOfInterfaces }, netns: place.netns,
                programs, among: interfaces)
            if demands.demands.isEmpty { return [AttachmentReport]() }
            return try registry.attach(demands.demands, declaration, DeclarationLimits())
        }
        if reports.contains(where: { $0.outcome != .unchanged }) { tell(.attached(reports)) }
    }

    private func programs(for registry: borrowing Registry) throws(PacketMetadataError) -> CommandPrograms {
        let image = try registry.image()
        if let programs, programs.image == image { return programs.loaded }
        let fresh = CommandPrograms()
        programs = (image, fresh)
        return fresh
    }
}

extension PacketMetadataError {
    /// Whether the registry is gone, or fields of it.
    fileprivate var isOfMissingRegistry: Bool {
        switch (refusal as? RegistryRefusal, refusal as? LoadingRefusal) {
        case (.noRegistry?, _), (.noFileSystem?, _), (_, .missingFields?): true
        default: false
        }
    }
}

/// A network namespace whose interfaces are followed.
private final class FollowedNamespace {
    /// As it is declared.
    let netns: String?
    let cookie: UInt64
    let monitor: LinkMonitor
    /// The names of interfaces that have what is declared of them, or of which nothing is.
    private var known: [UInt32: String] = [:]

    private init(_ netns: String?, cookie: UInt64, _ monitor: consuming LinkMonitor) {
        self.netns = netns
        self.cookie = cookie
        self.monitor = monitor
    }

    /// - Returns: nil if there is none of that name.
    static func find(_ netns: String?) throws(PacketMetadataError) -> FollowedNamespace? {
        do throws(PacketMetadataError) {
            return try NetworkNamespace.run(in: netns) { () throws(PacketMetadataError) in
                do throws(Errno) {
                    return FollowedNamespace(
                        netns, cookie: try NetworkNamespace.currentCookie(), try LinkMonitor())
                } catch {
                    throw PacketMetadataError(error, doing: "watch interfaces")
                }
            }
        } catch {
            if case .noSuchNamespace? = error.refusal as? NamespaceRefusal { return nil }
            throw error
        }
    }

    /// Takes interfaces for known.
    func know(_ interfaces: [NetworkInterface]) {
        known = Dictionary(interfaces.map { ($0.index, $0.name) }) { first, _ in first }
    }

    /// Those that are there; none if the namespace is gone.
    func interfaces() throws(PacketMetadataError) -> [NetworkInterface] {
        do throws(PacketMetadataError) {
            return try all()
        } catch {
            if case .noSuchNamespace? = error.refusal as? NamespaceRefusal { return [] }
            throw error
        }
    }

    private func all() throws(PacketMetadataError) -> [NetworkInterface] {
        try NetworkNamespace.run(in: netns) { () throws(PacketMetadataError) in
            do throws(Errno) {
                return try NetworkInterface.all()
            } catch {
                throw PacketMetadataError(error, doing: "list the interfaces")
            }
        }
    }

    /// The interfaces that are new or have another name; nil if any may be.
    func news() throws(PacketMetadataError) -> [NetworkInterface]? {
        let changes: LinkMonitor.Changes
        do throws(Errno) {
            changes = try monitor.changes()
        } catch {
            throw PacketMetadataError(error, doing: "watch interfaces")
        }
        if changes.isIncomplete { return nil }
        for index in changes.gone { known[index] = nil }
        let came = changes.changed.values.filter { known[$0.index] != $0.name }.sorted { $0.index < $1.index }
        for interface in came { known[interface.index] = interface.name }
        return came
    }
}
