// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
public import RegistryModel
internal import SystemPackage

/// Packets as they pass, as long as this value lives: programs at TC ingress or egress that only read, attached by links
/// that are not pinned.
///
/// For one task or thread at a time.
public final class PacketStream {
    private struct Watcher {
        let frames: Frames
        let live: LiveChain
    }

    /// What packets of an interface begin with, which is a constant of the program that looks into them.
    enum Frames {
        case ethernet, network
    }

    private let request: WatchRequest
    private let registryPath: FilePath
    private let action: Action
    private let interfaces: [UInt32: String]
    /// By number, newest last. Events of an earlier load may still lie in the buffer.
    private var tables: [WatchTable]
    /// Those that the interfaces take, with the same maps.
    private var loaded: [Frames: LoadedChain]
    private var image: RegistryImage
    private var watchers: [Watcher] = []
    private var buffer: EventBuffer
    private var lastLook: ContinuousClock.Instant = .now

    /// Attaches to interfaces of this thread's network namespace.
    fileprivate init(
        _ request: WatchRequest, _ names: [String], _ registry: borrowing Registry
    ) throws(PacketMetadataError) {
        self.request = request
        registryPath = registry.path
        action = .watch(interfaces: names)
        try request.check()
        let found = try NetworkInterface.find(names) { .watch(interfaces: [$0]) }
        interfaces = Dictionary(uniqueKeysWithValues: found.map { ($0.index, $0.name) })
        image = try registry.image()
        try image.refuseUnknown(request.names)
        let table = WatchTable(number: 1, image, names: request.fields)
        tables = [table]
        let frames = try Self.frames(of: found)
        loaded = try Self.load(Set(frames.values), request, table, image, registry, after: nil)
        guard let first = loaded.values.first else { preconditionFailure("an interface is named") }
        buffer = try EventBuffer(first.first.object)
        for interface in found.sorted(by: { $0.index < $1.index }) {
            guard let frames = frames[interface.index], let chain = loaded[frames] else { continue }
            do throws(BPFError) {
                let link = try BPFLink.tcx(
                    chain.first.program, ifindex: interface.index, request.direction,
                    at: request.isFirst ? .first : .last)
                watchers.append(Watcher(frames: frames, live: LiveChain(chain, link, on: interface.name)))
            } catch {
                throw PacketMetadataError(Self.refusal(error, at: Hook(request.direction)))
            }
        }
    }

    private static func frames(
        of interfaces: [NetworkInterface]
    ) throws(PacketMetadataError) -> [UInt32: Frames] {
        var frames: [UInt32: Frames] = [:]
        do throws(Errno) {
            for interface in interfaces {
                frames[interface.index] = try interface.state().hasEthernetHeader ? .ethernet : .network
            }
            return frames
        } catch {
            throw PacketMetadataError(error, doing: "ask for an interface's state")
        }
    }

    // MARK: Reading

    /// Packets that came, and how many were dropped, in their order.
    ///
    /// Follows the registry: fields that are registered meanwhile are told of as soon as this has been called.
    ///
    /// - Parameters:
    ///   - duration: how long to wait if there is nothing. A signal ends the wait.
    /// - Throws: `notFound` if the registry or an interface has gone.
    public func read(within duration: Duration = .zero) throws(PacketMetadataError) -> [PacketEvent] {
        try doing(action) { () throws(PacketMetadataError) in try events(within: duration) }
    }

    private func events(within duration: Duration) throws(PacketMetadataError) -> [PacketEvent] {
        try look()
        var events = try buffer.events(within: duration) { (buffer) throws(PacketMetadataError) in packets(&buffer) }
        let dropped = try buffer.newDrops()
        if dropped > 0 { events.append(.dropped(dropped)) }
        return events
    }

    private func packets(_ buffer: inout EventBuffer) -> [PacketEvent] {
        var events: [PacketEvent] = []
        buffer.read { record in
            guard let event = record.head(as: pktmeta_event.self),
                let table = tables.last(where: { $0.number == event.table })
            else { return }
            let interface = interfaces[event.ifindex] ?? "?"
            if let packet = table.packet(record, event, interface: interface) { events.append(.packet(packet)) }
        }
        return events
    }

    private static let lookInterval = Duration.milliseconds(200)

    /// What came of all packets so far.
    public func counts() throws(PacketMetadataError) -> PacketCounts {
        try doing(action) { () throws(PacketMetadataError) in try buffer.counts() }
    }

    func countsByCPU() throws(BPFError) -> [pktmeta_event_counts] { try buffer.countsByCPU() }

    /// Lets go of the interfaces; what was seen before can still be read.
    public func detach() { watchers = [] }

    // MARK: Following the registry

    private func look() throws(PacketMetadataError) {
        guard ContinuousClock.now - lastLook >= Self.lookInterval, !watchers.isEmpty else { return }
        lastLook = .now
        for watcher in watchers { try watcher.live.refuseIfGone() }
        let registry = try Registry.openForPrograms(at: registryPath)
        let now = try registry.image()
        guard now != image else { return }
        let table = WatchTable(number: (tables.last?.number ?? 0) &+ 1, now, names: request.fields)
        let new = try Self.load(
            Set(loaded.keys), request, table, now, registry, after: loaded.values.first)
        tables = tables.suffix(Self.tablesKept) + [table]
        for watcher in watchers {
            guard let next = new[watcher.frames] else { continue }
            try watcher.live.swap(to: next)
        }
        (loaded, image) = (new, now)
    }

    /// Loads whose events may still be unread.
    private static let tablesKept = 64
}

extension PacketStream: AsyncSequence {
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let stream: PacketStream
        private var waiting: ArraySlice<PacketEvent> = []
        private var pause = Self.shortestPause

        private static let shortestPause = Duration.milliseconds(1)
        private static let longestPause = Duration.milliseconds(50)

        fileprivate init(_ stream: PacketStream) { self.stream = stream }

        /// The next event; nil once the task is cancelled. Waits without holding a thread.
        public mutating func next() async throws -> PacketEvent? {
            while waiting.isEmpty {
                if Task.isCancelled { return nil }
                waiting = try stream.read()[...]
                if waiting.isEmpty {
                    try? await Task.sleep(for: pause)
                    pause = Swift.min(pause * 2, Self.longestPause)
                } else {
                    pause = Self.shortestPause
                }
            }
            return waiting.popFirst()
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}

extension Registry {
    /// Watches packets at a TC hook of interfaces of this thread's network namespace, until what it returns goes.
    ///
    /// - Throws: `usage` for a request that makes no sense; `notFound` for an interface or a field; `unsupported` before
    ///   Linux 6.6, which has no TCX; `missingPrivilege`.
    public func watch(
        _ request: WatchRequest = WatchRequest(), on interfaceNames: [String]
    ) throws(PacketMetadataError) -> PacketStream {
        try doing(.watch(interfaces: interfaceNames)) { () throws(PacketMetadataError) in
            try PacketStream(request, interfaceNames, self)
        }
    }
}
