// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import Testbed

/// How fast watched packets are read, and what watching costs the packets.
struct WatchBenchmark {
    let benchmark: Benchmark

    /// Fewer than the buffer has room for, so that none is lost while nobody reads yet.
    private static let framesAtOnce = 200_000
    /// Enough to warm the caches, or to time a program.
    private static let someFrames = 10_000

    func run() throws(PacketMetadataError) -> [BenchmarkSection] {
        do {
            let scene = try WatchScene()
            var samples = Samples()
            for round in 0...benchmark.rounds {
                if round.isMultiple(of: 5) { benchmark.progress("watch: round \(round) of \(benchmark.rounds)") }
                try Benchmark.stopIfInterrupted()
                try sample(scene, &samples)
                if round == 0 { samples = Samples() }  // cold
            }
            return sections(samples)
        } catch {
            throw Benchmark.failure(error)
        }
    }

    private struct Samples {
        var (never, during, after) = (Phase(), Phase(), Phase())
        /// Million packets a second.
        var reading: [Double] = []
        /// ns a packet.
        var (watched, unmatched): ([Double], [Double]) = ([], [])
    }

    private struct Phase {
        /// 1000 packets a second.
        var rates: [Double] = []
        var programs = 0

        func row(_ name: String) -> BenchmarkSection.Row {
            .init(name, [Estimate(rates), Estimate(exactly: Double(programs))])
        }
    }

    private func sample(_ scene: WatchScene, _ samples: inout Samples) throws {
        Pause.sleep(milliseconds: 100)  // until the kernel has taken the last watcher apart
        try send(scene, &samples.never)
        let stream = try scene.watch()
        try send(scene, &samples.during)
        samples.reading.append(try read(stream) / 1e6)
        stream.detach()
        Pause.sleep(milliseconds: 100)
        try send(scene, &samples.after)
        samples.watched.append(try watcherTime(scene))
        samples.unmatched.append(try watcherTime(scene, WatchScene.nobodys))
    }

    private func send(_ scene: WatchScene, _ phase: inout Phase) throws {
        _ = try scene.send(Self.someFrames)
        phase.rates.append(try scene.send(Self.framesAtOnce) / 1e3)
        phase.programs = try scene.programs().count
    }

    /// - Returns: ns a packet, by the kernel's own count.
    private func watcherTime(_ scene: WatchScene, _ condition: String? = nil) throws -> Double {
        let stream = try scene.watch(condition)
        defer { stream.detach() }
        return try scene.firstProgramTime { _ = try scene.send(Self.someFrames) }
    }

    /// Reads all packets that have been seen.
    ///
    /// - Returns: packets a second.
    private func read(_ stream: PacketStream) throws -> Double {
        var packets = 0
        let start = ContinuousClock.now
        while true {
            let events = try stream.read()
            if events.isEmpty { break }
            for event in events {
                switch event {
                case .packet: packets += 1
                case .dropped(let count): throw PacketMetadataError(BenchmarkRefusal.lostPackets(count))
                }
            }
        }
        return Double(packets) / (ContinuousClock.now - start).inSeconds
    }

    private func sections(_ samples: Samples) -> [BenchmarkSection] {
        [
            BenchmarkSection(
                .watch, "Packets that are watched, and the others", unit: "1000 packets a second, programs", digits: 0,
                columns: ["PACKETS", "AT TC"],
                rows: [
                    samples.never.row("nobody watches"), samples.during.row("every packet is watched"),
                    samples.after.row("nobody watches any more"),
                ],
                charted: [0],
                notes: ["3 fields; all by the same veth pair. AT TC: how many programs are attached there."]),
            BenchmarkSection(
                .watch, "The watcher", unit: "ns a packet", columns: ["PACKET"],
                rows: [
                    .init("the packet becomes an event", [Estimate(samples.watched)]),
                    .init("it does not match", [Estimate(samples.unmatched)]),
                ],
                notes: ["By the kernel's own count, in which reading the clock has a share."]),
            BenchmarkSection(
                .watch, "Reading watched packets", unit: "million packets a second", digits: 2, columns: ["READ"],
                rows: [.init("by the library, none lost", [Estimate(samples.reading)])],
                notes: ["From a full buffer, while no packets come: what the reader can keep up with at most."]),
        ]
    }
}

/// A veth pair whose receiver has the prebuilt producer for three fields of 8 bytes, drops what comes, and is watched.
private final class WatchScene {
    /// What no packet matches.
    static let nobodys = "tenant=8"

    private static let bufferSize = 64 << 20
    private static let fields = ["tenant": "constant:7", "number": "sequence", "seen_at": "ktime"]

    private let place = TemporaryRegistry(for: "bench-watch")
    private let path: FramePath
    private let dropper: Dropper

    init() throws {
        let registry = try Registry.openOrCreate(at: place.path)
        for (name, source) in Self.fields.sorted(by: { $0.key < $1.key }) {
            let definition = try FieldDefinition(
                name: FieldName(name), type: .u64, source: FieldSource(source, type: .u64))
            _ = try registry.register(definition)
        }
        let path = try FramePath()
        _ = try path.inReceiver {
            try registry.attach(AttachmentRequest(tc: .unchanged, mode: .native), to: [path.receiver.name])
        }
        dropper = try Dropper(on: path)
        self.path = path
    }

    /// - Returns: packets a second that arrived.
    func send(_ frames: Int) throws -> Double {
        let run = try path.send(frames) { try dropper.seen }
        return Double(run.arrived) / run.seconds
    }

    func watch(_ condition: String? = nil) throws -> PacketStream {
        var request = WatchRequest()
        request.bufferSize = Self.bufferSize
        if let condition { request.filter.conditions = [try .init(condition)] }
        return try path.inReceiver {
            try Registry.open(at: place.path, for: .write).watch(request, on: [path.receiver.name])
        }
    }

    /// At TC ingress, in their order.
    func programs() throws -> [TCXPrograms.Program] {
        try path.inReceiver { try TCXPrograms.query(ifindex: path.receiver.index, .ingress)?.programs ?? [] }
    }

    /// What the first of them takes for each of the packets that are sent, by the kernel's own count.
    ///
    /// - Returns: ns.
    func firstProgramTime(sending: () throws -> Void) throws -> Double {
        guard let id = try programs().first?.id else { throw PacketMetadataError(BenchmarkRefusal.otherModes) }
        let statistics = try RunStatistics()
        let before = try ProgramInformation(id: id)
        try sending()
        let after = try ProgramInformation(id: id)
        _ = consume statistics
        return after.timeOfRuns(since: before)
    }
}
