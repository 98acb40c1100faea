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
    private static let bufferSize = 64 << 20
    private static let fields = ["tenant": "constant:7", "number": "sequence", "seen_at": "ktime"]

    func run() throws(PacketMetadataError) -> [BenchmarkSection] {
        do {
            let place = TemporaryRegistry(for: "bench-watch")
            let registry = try Registry.openOrCreate(at: place.path)
            for (name, source) in Self.fields.sorted(by: { $0.key < $1.key }) {
                let definition = try FieldDefinition(
                    name: FieldName(name), type: .u64, source: FieldSource(source, type: .u64))
                _ = try registry.register(definition)
            }
            let path = try FramePath()
            let receiver = path.receiver
            _ = try path.inReceiver {
                try registry.attach(AttachmentRequest(tc: .unchanged, mode: .native), to: [receiver.name])
            }
            let dropper = try Dropper(on: path)

            var request = WatchRequest()
            request.bufferSize = Self.bufferSize
            var (never, during, after) = (Phase(), Phase(), Phase())
            var reading: [Double] = []
            func send(_ frames: Int) throws -> (arrived: UInt64, seconds: Double) {
                let run = try path.send(frames) { try dropper.seen }
                return (run.arrived, run.seconds)
            }
            func send(_ phase: inout Phase) throws {
                _ = try send(Self.framesAtOnce / 20)  // what came before has cooled the caches
                let run = try send(Self.framesAtOnce)
                phase.rates.append(Double(run.arrived) / run.seconds / 1e3)
                phase.programs = try path.inReceiver {
                    try TCXPrograms.query(ifindex: receiver.index, .ingress)?.programs.count ?? 0
                }
            }
            for round in 0...benchmark.rounds {
                if round.isMultiple(of: 5) { benchmark.progress("watch: round \(round) of \(benchmark.rounds)") }
                try Benchmark.stopIfInterrupted()
                Pause.sleep(milliseconds: 100)  // until the kernel has taken the last watcher apart
                try send(&never)
                let stream = try path.inReceiver { try registry.watch(request, on: [receiver.name]) }
                try send(&during)
                reading.append(try read(stream) / 1e6)
                stream.detach()
                Pause.sleep(milliseconds: 100)
                try send(&after)
                if round == 0 { (never.rates, during.rates, after.rates, reading) = ([], [], [], []) }  // cold
            }
            return [
                BenchmarkSection(
                    .watch, "Packets that are watched, and the others", unit: "1000 packets a second, programs",
                    digits: 0,
                    columns: ["PACKETS", "AT TC"],
                    rows: [
                        never.row("nobody watches"), during.row("every packet is watched"),
                        after.row("nobody watches any more"),
                    ],
                    charted: [0],
                    notes: ["3 fields; all by the same veth pair. AT TC: how many programs are attached there."]),
                BenchmarkSection(
                    .watch, "Reading watched packets", unit: "million packets a second", digits: 2, columns: ["READ"],
                    rows: [.init("by the library, none lost", [Estimate(reading)])],
                    notes: ["From a full buffer, while no packets come: what the reader can keep up with at most."]),
            ]
        } catch {
            throw Benchmark.failure(error)
        }
    }

    private struct Phase {
        var rates: [Double] = []
        var programs = 0

        func row(_ name: String) -> BenchmarkSection.Row {
            .init(name, [Estimate(rates), Estimate(exactly: Double(programs))])
        }
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
}
