// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import Testbed

/// Packets a second through a veth pair, whose receiver sets 3 fields in XDP, gets them at TC and drops the packet.
struct LiveFramesBenchmark {
    let benchmark: Benchmark

    private static let capacity = 64
    /// Beside which the kernel's waits before and behind them, of some ticks, do not count.
    private static let framesAtOnce = 400_000
    private static let framesTimed = 10_000
    private static let encodings: [Encoding] = [.hardStruct, .bound, .boundCounted, .dynamic]

    func run() throws(PacketMetadataError) -> [BenchmarkSection] {
        let capacity = try Registry.grantedCapacity(of: [Self.capacity])
        let place = try Benchmark.registry("frames", capacity: capacity, fields: 3)
        let path = try FramePath()
        do {
            var variants = [
                try Variant(
                    "no metadata", BenchmarkObject(named: "none").load(Variant.programs, in: .alone), isChecked: false)
            ]
            for encoding in Self.encodings {
                variants.append(
                    try Variant(
                        encoding.title,
                        BenchmarkObject(encoding).load(Variant.programs, in: encoding.loading(in: place))))
            }
            let hooks = try path.inReceiver { try Hooks(path.receiver, variants[0]) }
            // Each once before it counts, so that all find warm caches.
            for variant in variants { try sample(variant, hooks, path) }
            for variant in variants { (variant.rates, variant.costs) = ([], []) }
            for round in 1...benchmark.rounds {
                if round.isMultiple(of: 5) { benchmark.progress("frames: round \(round) of \(benchmark.rounds)") }
                try Benchmark.stopIfInterrupted()
                for variant in variants { try sample(variant, hooks, path) }
            }
            return [section(variants)]
        } catch {
            throw Benchmark.failure(error)
        }
    }

    private func sample(_ variant: Variant, _ hooks: Hooks, _ path: FramePath) throws {
        try hooks.change(to: variant)
        let right = try variant.count(.right)
        let run = try path.send(Self.framesAtOnce) { try variant.count(.seen) }
        variant.rates.append(Double(run.arrived) / run.seconds)
        if variant.isChecked, try variant.count(.right) - right != run.arrived {
            throw PacketMetadataError(BenchmarkRefusal.wrongFields(variant.title))
        }
        // Counting the time of each run slows packets down, so those are other packets.
        let statistics = try RunStatistics()
        let before = try variant.runTime
        let timed = try path.send(Self.framesTimed) { try variant.count(.seen) }
        variant.costs.append(Double(try variant.runTime - before) / Double(timed.arrived))
        _ = consume statistics
    }

    private func section(_ variants: [Variant]) -> BenchmarkSection {
        let limit = variants[1]
        let rows = variants.map { variant in
            BenchmarkSection.Row(
                variant.title,
                [
                    Estimate(variant.rates.map { $0 / 1e3 }), .ratio(variant.rates, to: limit.rates),
                    Estimate(variant.costs),
                ])
        }
        return BenchmarkSection(
            .frames, "Packets through a veth pair: 3 fields set in XDP, got at TC", unit: "1000 packets a second, ns",
            digits: 2, columns: ["PACKETS", "/ STRUCT", "NS IN BOTH"], rows: rows, charted: [0],
            bars: [
                Bar(
                    "packets a second, bound / hard-coded struct", .atLeast(0.98),
                    .ratio(variants[2].rates, to: limit.rates))
            ],
            notes: [
                "XDP in native mode; the TC program drops the packet. NS IN BOTH is the kernel's own count of the time in both "
                    + "programs, in which reading the clock has a share."
            ])
    }
}

/// A pair of programs that take others' place on an interface.
private final class Variant {
    static let programs: Set<String> = ["live_set", "live_get"]

    /// Of bpf/bench/counts.bpf.h.
    enum Count: Int {
        case seen, right
    }

    let title: String
    let xdp: BPFProgram
    let tc: BPFProgram
    private let counts: BPFMap
    /// Whether it sets fields that may be right or wrong.
    let isChecked: Bool
    /// Packets a second.
    var rates: [Double] = []
    /// ns in both programs.
    var costs: [Double] = []

    init(_ title: String, _ object: borrowing BPFObject, isChecked: Bool = true) throws(BPFError) {
        self.title = title
        self.isChecked = isChecked
        xdp = try object.program("live_set")
        tc = try object.program("live_get")
        counts = try object.map("bench_counts")
    }

    func count(_ count: Count) throws -> UInt64 {
        try counts.total(at: count.rawValue)
    }

    var runTime: UInt64 {
        get throws { try ProgramInformation(xdp).runTime + ProgramInformation(tc).runTime }
    }
}

/// The two hooks of the receiver's interface.
private final class Hooks {
    private let xdp: BPFLink
    private let tc: BPFLink
    private var current: Variant

    init(_ interface: NetworkInterface, _ first: Variant) throws(BPFError) {
        xdp = try BPFLink.xdp(first.xdp, ifindex: interface.index, mode: .native)
        tc = try BPFLink.tcx(first.tc, ifindex: interface.index, .ingress, at: .first)
        current = first
    }

    func change(to variant: Variant) throws(BPFError) {
        guard variant !== current else { return }
        try tc.update(to: variant.tc, replacing: current.tc)
        try xdp.update(to: variant.xdp, replacing: current.xdp)
        current = variant
    }
}
