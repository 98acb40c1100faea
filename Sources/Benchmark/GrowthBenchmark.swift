// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import Testbed

/// What the prebuilt programs cost by the number of fields, and what state counters add.
struct GrowthBenchmark {
    let benchmark: Benchmark

    /// 31 fields of 4 bytes; on kernels before 6.8 one is measured.
    private static let capacities = [144, 32]
    private static let framesAtOnce = 20_000

    func run() throws(PacketMetadataError) -> [BenchmarkSection] {
        do {
            let capacity = try Registry.grantedCapacity(of: Self.capacities)
            let counts = [0, 1, 8, 16, 31].filter { 4 * $0 <= RegistryWord.space(of: capacity) }
            var stages: [Stage] = []
            for count in counts { stages.append(try stage("\(count)", fields: 1..<count + 1, capacity)) }
            if capacity > 32 {
                stages.append(try stage("1, in the last slot", fields: 31..<32, capacity))
            }
            let most = counts.last ?? 0
            for statistics in [Statistics.none, .all] {
                stages.append(
                    try stage("\(most), statistics: \(statistics.rawValue)", fields: 1..<most + 1, capacity, statistics)
                )
            }
            for stage in stages { try stage.sample(Self.framesAtOnce) }
            for stage in stages { (stage.producer, stage.consumer) = ([], []) }
            for round in 1...benchmark.rounds {
                if round.isMultiple(of: 5) { benchmark.progress("growth: round \(round) of \(benchmark.rounds)") }
                try Benchmark.stopIfInterrupted()
                for stage in stages { try stage.sample(Self.framesAtOnce) }
            }
            return [section(stages), try counters(counts.filter { $0 > 0 })]
        } catch {
            throw Benchmark.failure(error)
        }
    }

    private func stage(
        _ title: String, fields: Range<Int>, _ capacity: Int, _ statistics: Statistics = .sampled
    ) throws -> Stage {
        benchmark.progress("growth: attaching for \(title) fields")
        return try Stage(title, fields: fields, capacity: capacity, statistics)
    }

    private func section(_ stages: [Stage]) -> BenchmarkSection {
        let rows = stages.map { stage in
            BenchmarkSection.Row(
                stage.title,
                [Estimate(stage.producer), Estimate(stage.consumer)] + stage.sizes.map { Estimate(exactly: Double($0)) }
            )
        }
        return BenchmarkSection(
            .growth, "The prebuilt programs, by the number of fields", unit: "ns a packet, instructions",
            columns: ["PRODUCER", "CONSUMER", "PRODUCER'S INSNS", "CONSUMER'S INSNS"], rows: rows, charted: [0, 1],
            notes: [
                "Fields of 4 bytes from a constant; the consumer counts, keeps the last value, minimum, maximum and the histogram of "
                    + "each. By the kernel's own count, in which reading the clock has a share."
            ])
    }

    private func counters(_ counts: [Int]) throws -> BenchmarkSection {
        let capacity = try BenchmarkFields.measured().capacity
        let counts = counts.filter { capacity >= 64 || $0 <= 3 }
        let place = try Benchmark.registry("counters", capacity: capacity, fields: counts.max() ?? 0)
        let encodings: [Encoding] = [.bound, .boundCounted, .dynamic, .dynamicCounted]
        var loops: [EncodingLoops] = []
        for encoding in encodings { loops.append(try EncodingLoops(encoding, .registry(place.path), counts)) }
        try benchmark.sample(loops.flatMap(\.timers), "state counters")
        return BenchmarkSection(
            .growth, "State counters off and on: open and set fields", unit: "ns a packet",
            columns: counts.map { "SET \($0)" },
            rows: loops.map { loop in
                .init(loop.encoding.title, counts.map { Estimate(loop.costs(.set, $0)) })
            })
    }
}

/// The prebuilt programs, attached to an interface of their own, for a registry of so many fields.
private final class Stage {
    let title: String
    /// ns a packet.
    var producer: [Double] = []
    var consumer: [Double] = []
    /// Instructions of the two programs.
    let sizes: [Int]

    private let path: FramePath
    private let place: TemporaryRegistry
    private let dropper: Dropper
    private let producerID: UInt32
    private let consumerID: UInt32

    /// - Parameter fields: those that stay of 1 to the last; those before are registered first and unregistered then.
    init(_ title: String, fields: Range<Int>, capacity: Int, _ statistics: Statistics) throws {
        self.title = title
        place = TemporaryRegistry(
            for: "bench-growth-\(fields.lowerBound)-\(fields.upperBound)-\(statistics.rawValue)")
        let registry = try Registry.openOrCreate(at: place.path, capacity: capacity, statistics: statistics)
        for number in 1..<fields.upperBound {
            let definition = try FieldDefinition(
                name: FieldName("g\(number)"), type: .u32, source: FieldSource("constant:\(number)", type: .u32),
                owner: "bench")
            _ = try registry.register(definition)
        }
        for number in 1..<fields.lowerBound { _ = try registry.unregister(FieldName("g\(number)")) }
        let path = try FramePath()
        let ids = try path.inReceiver {
            _ = try registry.attach(AttachmentRequest(mode: .native), to: [path.receiver.name])
            return (
                try AttachedXDPProgram.query(ifindex: path.receiver.index).first?.id,
                try TCXPrograms.query(ifindex: path.receiver.index, .ingress)?.programs.first?.id
            )
        }
        guard let xdp = ids.0, let tc = ids.1 else {
            throw PacketMetadataError(BenchmarkRefusal.otherModes)
        }
        (producerID, consumerID) = (xdp, tc)
        dropper = try Dropper(on: path)
        sizes = [try ProgramInformation(id: xdp).instructions, try ProgramInformation(id: tc).instructions]
        self.path = path
    }

    func sample(_ frames: Int) throws {
        let statistics = try RunStatistics()
        let before = try (ProgramInformation(id: producerID), ProgramInformation(id: consumerID))
        _ = try path.send(frames) { try dropper.seen }
        let after = try (ProgramInformation(id: producerID), ProgramInformation(id: consumerID))
        _ = consume statistics
        producer.append(after.0.timeOfRuns(since: before.0))
        consumer.append(after.1.timeOfRuns(since: before.1))
    }
}
