// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import CSocketLoops
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// Sockets that receive what they send, over the loopback interface of a network namespace, with a field in each packet: some of
/// a cgroup in which sockets are answered, some of others.
final class SocketScene {
    /// Datagrams that wait at a time, fewer than a receive buffer holds.
    static let atOnce = 64
    private static let fills = 16

    enum Wish: String, CaseIterable {
        case nothing = "to a socket that asked for nothing"
        case time = "to a socket that asked for timestamps only"
        case at = "to a socket that asked for at"
        case mark = "to a socket that asked for mark"
        case outside
        case empty

        static let ofCgroup: [Wish] = [.nothing, .at, .mark]
    }

    private let place: TemporaryRegistry
    private let namespace: NetworkNamespace
    private let answering: TemporaryCgroup
    private let outside: TemporaryCgroup
    private let empty: TemporaryCgroup
    private var sockets: [Wish: SocketBox] = [:]
    private var emptyLinks: [LinkHolder] = []
    private var field: CInt = 0

    final class SocketBox {
        let socket: LoopbackSocket
        init(_ socket: consuming LoopbackSocket) { self.socket = socket }
    }

    private static let ways: SocketWays = .all

    init() throws {
        guard let mount = MountPoint.ofCgroups.first else {
            throw PacketMetadataError(BenchmarkRefusal.noCgroups)
        }
        TemporaryCgroup.removeAbandoned(for: "bench", beside: mount.path)
        place = try Benchmark.registry(
            "sockets", capacity: Registry.grantedCapacity(of: [64, 32]), fields: 0)
        namespace = try NetworkNamespace.create()
        answering = try TemporaryCgroup(for: "bench-sockets", beside: mount.path)
        outside = try TemporaryCgroup(for: "bench-outside", beside: mount.path)
        empty = try TemporaryCgroup(for: "bench-empty", beside: mount.path)
        let registry = try Registry.open(at: place.path, for: .write)
        for (name, type) in [("number", FieldType.u64), ("short_number", .u32)] {
            _ = try registry.register(
                FieldDefinition(name: FieldName(name), type: type, source: FieldSource("payload:42", type: type)))
        }
        try attach()
        try attachEmpty()
        try namespace.run {
            try NetworkInterface.raiseLoopback()
            _ = try registry.attach(AttachmentRequest(tc: .unchanged, mode: .generic), to: ["lo"])
            for wish in Wish.allCases { sockets[wish] = SocketBox(try socket(wish)) }
        }
        field = try id("number")
        try checked(socket_ask_for_times(descriptor(.at)))
        try checked(socket_ask_for_plain_times(descriptor(.time)))
        try checked(socket_ask_for_marks(descriptor(.mark), id("short_number")))
        try waitForTimes()
    }

    private func id(_ field: String) throws(Errno) -> CInt {
        try checked(unsafe socket_field(descriptor(.nothing), field))
    }

    private func socket(_ wish: Wish) throws(Errno) -> LoopbackSocket {
        switch wish {
        case .outside: try LoopbackSocket(.ipv4Datagrams, of: outside.group)
        case .empty: try LoopbackSocket(.ipv4Datagrams, of: empty.group)
        default: try LoopbackSocket(.ipv4Datagrams, of: answering.group)
        }
    }

    private func descriptor(_ wish: Wish) -> CInt { sockets[wish]?.socket.descriptor ?? -1 }

    private func attach() throws {
        let registry = try Registry.open(at: place.path, for: .write)
        _ = try registry.attach(AttachmentRequest(Self.ways.programs), to: [answering.path])
    }

    private func attachEmpty() throws {
        emptyLinks = [
            LinkHolder(
                try BPFLink.cgroup(PassingProgram.cgroup(.socketOptionsGet).load(), empty.group, .socketOptionsGet)),
            LinkHolder(try BPFLink.cgroup(PassingProgram.cgroup(.ingress).load(), empty.group, .ingress)),
        ]
    }

    /// With no program at any cgroup of the scene.
    func whileUnattached(_ body: () throws -> Void) throws {
        let registry = try Registry.open(at: place.path, for: .write)
        emptyLinks = []
        _ = try registry.detach(from: [answering.path], hooks: Hook.ofSockets)
        try body()
        try attach()
        try attachEmpty()
    }

    /// The kernel begins to take the time of packets some time after it has been asked to.
    private func waitForTimes() throws {
        for _ in 0..<1000 {
            try fill(.at, 1)
            if socket_loop(SOCKET_LOOP_AT, descriptor(.at), field, 1) >= 0 { return }
            Pause.sleep(milliseconds: 1)
        }
        throw PacketMetadataError(BenchmarkRefusal.noTimestamps)
    }

    private func fill(_ wish: Wish, _ count: Int) throws {
        let bytes = [UInt8](repeating: 7, count: 64)
        for _ in 0..<count { try sockets[wish]?.socket.send(bytes) }
    }

    /// - Returns: ns a datagram.
    func time(_ loop: socket_loop, of wish: Wish) throws -> Double {
        var whole: Int64 = 0
        for _ in 0..<Self.fills {
            try fill(wish, Self.atOnce)
            let time = socket_loop(loop, descriptor(wish), field, CInt(Self.atOnce))
            guard time >= 0 else { throw Errno(rawValue: CInt(-time)) }
            whole += time
        }
        return Double(whole) / Double(Self.fills * Self.atOnce)
    }

    /// Of the program at the cgroup's ingress, by the kernel's own count.
    ///
    /// - Returns: ns a packet.
    func ingressTime(_ wish: Wish) throws -> Double {
        let programs =
            wish == .empty
            ? try CgroupPrograms.query(empty.group, .ingress) : try CgroupPrograms.query(answering.group, .ingress)
        guard let id = programs.last else { throw Errno.noSuchFileOrDirectory }
        let statistics = try RunStatistics()
        let before = try ProgramInformation(id: id)
        for _ in 0..<Self.fills {
            try fill(wish, Self.atOnce)
            let time = socket_loop(SOCKET_LOOP_RECV, descriptor(wish), field, CInt(Self.atOnce))
            guard time >= 0 else { throw Errno(rawValue: CInt(-time)) }
        }
        let after = try ProgramInformation(id: id)
        _ = consume statistics
        return after.timeOfRuns(since: before)
    }

    @discardableResult
    private func checked(_ result: CInt) throws(Errno) -> CInt {
        if result < 0 { throw Errno(rawValue: -result) }
        return result
    }
}
