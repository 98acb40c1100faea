// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import Testbed

/// What the prebuilt tracer takes at each station for packets that it is not asked for, over an empty program at the same
/// tracepoint, by the kernel's own count of run times.
struct UnaskedTraceBenchmark {
    let benchmark: Benchmark

    private static let capacity = 64
    private static let frames = 500
    /// Of which the fastest is the round's figure, since whatever else the machine does only adds.
    private static let sendsAtOnce = 6

    /// How the tracer reads the kernel's memory: as the kernel has it, and as older ones do.
    private enum Way: String, CaseIterable {
        case asThisKernel = "tracer"
        case probe = "tracer_probe"
    }

    func run() throws(PacketMetadataError) -> [BenchmarkSection] {
        do {
            let place = try Benchmark.registry(
                "trace", capacity: Registry.grantedCapacity(of: [Self.capacity]), fields: 3)
            let scene = try TraceScene(place)
            let hasCast = try KernelTypes(functions: ["bpf_rdonly_cast"]).hasFunction("bpf_rdonly_cast")
            let tracers = try (hasCast ? Way.allCases : [.probe]).map { way in
                (way: way, tracer: try UnaskedTracer(way.rawValue, place))
            }
            for round in 0...benchmark.rounds {
                if round.isMultiple(of: 5) { benchmark.progress("trace: round \(round) of \(benchmark.rounds)") }
                for (_, tracer) in tracers {
                    try Benchmark.stopIfInterrupted()
                    try tracer.whileAttached {
                        for hasArea in [true, false] { try sample(tracer, scene, hasArea: hasArea) }
                    }
                    if round == 0 { tracer.costs = [:] }  // cold
                }
            }
            return tracers.map { section($0, $1) }
        } catch {
            throw Benchmark.failure(error)
        }
    }

    private func sample(_ tracer: UnaskedTracer, _ scene: TraceScene, hasArea: Bool) throws {
        for end in TraceScene.End.allCases {
            let statistics = try RunStatistics()
            try tracer.sample(end.stations, hasArea: hasArea, times: Self.sendsAtOnce) {
                try scene.send(Self.frames, end, hasArea: hasArea)
            }
            _ = consume statistics
        }
    }

    private func section(_ way: Way, _ tracer: UnaskedTracer) -> BenchmarkSection {
        let stations = TraceScene.End.allCases.flatMap(\.stations)
        let rows = stations.map { station in
            BenchmarkSection.Row(
                station.rawValue, [true, false].map { Estimate(tracer.costs(station, hasArea: $0)) })
        }
        let (reading, limit) = way == .probe ? ("bpf_probe_read_kernel()", 180.0) : ("bpf_rdonly_cast()", 60)
        // The station that takes the most is to be within it.
        let worst = stations.map { Estimate(tracer.costs($0, hasArea: true)) }.max { $0.median < $1.median }
        return BenchmarkSection(
            .layers, "A packet that a trace does not ask for, by \(reading)", unit: "ns a station",
            columns: ["ITS FIELD DIFFERS", "NO AREA"], rows: rows, charted: [0],
            bars: [
                Bar("ns of a packet at the dearest station of a trace, by \(reading)", .atMost(limit), worst)
            ],
            notes: way == .probe
                ? []
                : [
                    "UDP packets through a veth pair, where no other program has looked into them; by the kernel's own count, an "
                        + "empty program at the same tracepoint taken off."
                ])
    }
}

/// A tracer that asks for a value which no packet carries, beside an empty program.
private final class UnaskedTracer {
    private let object: BPFObject
    private let empty: BPFObject
    private let stations = TraceScene.End.allCases.flatMap(\.stations)
    /// ns of a run, by station and whether packets had areas, a sample a round.
    var costs: [Key: [Double]] = [:]

    struct Key: Hashable {
        let station: TraceStop
        let hasArea: Bool
    }

    init(_ object: String, _ place: borrowing TemporaryRegistry) throws {
        var request = TraceRequest()
        request.filter.conditions = [try .init("f2=1")]
        self.object = try BenchmarkObject(named: object).loadTracer(
            Set(stations.map(\.program)), in: place, for: request)
        empty = try BenchmarkObject(named: "none").load(["at_station"], in: .alone)
    }

    func costs(_ station: TraceStop, hasArea: Bool) -> [Double] {
        costs[Key(station: station, hasArea: hasArea), default: []]
    }

    func whileAttached(_ body: () throws -> Void) throws {
        let links = try stations.map { station in
            try [
                LinkHolder(.rawTracepoint(empty.program("at_station"), named: station.tracepoint)),
                LinkHolder(.rawTracepoint(object.program(station.program), named: station.tracepoint)),
            ]
        }
        defer { withExtendedLifetime(links) {} }
        try body()
    }

    /// Adds a figure of each station.
    func sample(_ stations: [TraceStop], hasArea: Bool, times: Int, sending: () throws -> Void) throws {
        var fastest = [Double](repeating: .infinity, count: stations.count + 1)
        for _ in 0..<times {
            let before = try information(stations)
            try sending()
            let after = try information(stations)
            for (index, (before, after)) in zip(before, after).enumerated() {
                fastest[index] = min(fastest[index], after.timeOfRuns(since: before))
            }
        }
        for (station, time) in zip(stations, fastest.dropFirst()) {
            costs[Key(station: station, hasArea: hasArea), default: []].append(time - fastest[0])
        }
    }

    /// Of the empty program, and of that of each station.
    private func information(_ stations: [TraceStop]) throws -> [ProgramInformation] {
        [try ProgramInformation(empty.program("at_station"))]
            + (try stations.map { try ProgramInformation(object.program($0.program)) })
    }
}
