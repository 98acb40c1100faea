// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import PacketMetadata
internal import RegistryModel
internal import Testbed

/// Whole XDP programs that set 3 fields, by the way in which most programs would.
struct WholeProgramBenchmark {
    let benchmark: Benchmark

    /// What pktmeta makes where the kernel grants it: since Linux 6.8.
    private static let capacity = 64
    private static let encodings: [Encoding] = [.hardStruct, .bound, .boundCounted, .dynamic, .dynamicCounted]

    func run() throws(PacketMetadataError) -> [BenchmarkSection] {
        let capacity = try Registry.grantedCapacity(of: [Self.capacity])
        let place = try Benchmark.registry("programs", capacity: capacity, fields: 3)
        var programs: [(encoding: Encoding, make: ProgramTimer, find: ProgramTimer)] = []
        for encoding in Self.encodings {
            let object = try BenchmarkObject(encoding).load(
                ["make_3", "find_3", "fill_3"], in: encoding.loading(in: place),
                constants: ["bench_capacity": encode(UInt32(capacity))])
            let area = try ProgramTimer.area(leftBy: "fill_3", of: object)
            programs.append(
                (encoding, try ProgramTimer(object, "make_3"), try ProgramTimer(object, "find_3", metadata: area)))
        }
        let idle = try BenchmarkObject(.hardStruct).load(["pass", "make_none"], in: .alone)
        let (pass, none) = (try ProgramTimer(idle, "pass"), try ProgramTimer(idle, "make_none"))
        for _ in 0..<Self.samplesAtOnce {
            try benchmark.sample([pass, none] + programs.flatMap { [$0.make, $0.find] }, "whole programs")
        }

        var rows = [
            BenchmarkSection.Row("does nothing", [nil, Estimate(means(pass))]),
            BenchmarkSection.Row("makes and removes an area", [Estimate(means(none)), nil]),
        ]
        rows += programs.map {
            .init($0.encoding.title, [Estimate(means($0.make)), Estimate(means($0.find))], note: $0.encoding.checks)
        }
        let (limit, bound, counted) = (programs[0], programs[1], programs[2])
        return [
            BenchmarkSection(
                .programs, "A whole XDP program that sets 3 fields", unit: "ns a packet",
                columns: ["MAKES AREA", "FINDS AREA"],
                rows: rows, charted: [0, 1],
                bars: [
                    Bar(
                        "whole program that makes the area, bound / hard-coded struct", .atMost(1.04),
                        .ratio(means(bound.make), to: means(limit.make))),
                    Bar(
                        "whole program that finds the area, bound / hard-coded struct", .atMost(1.1),
                        .ratio(means(bound.find), to: means(limit.find))),
                    Bar(
                        "the same that makes the area, counted / not", .atMost(1.15),
                        .ratio(means(counted.make), to: means(bound.make))),
                    Bar(
                        "the same that finds the area, counted / not", .atMost(1.15),
                        .ratio(means(counted.find), to: means(bound.find))),
                ],
                notes: [
                    "As BPF_PROG_TEST_RUN runs them, with its own share. Those that make the area, of \(capacity) bytes and all zeroes, "
                        + "remove it in the end, as the next run would find it."
                ])
        ]
    }

    /// The kernel counts whole nanoseconds, of which one is 2 % here: the mean of a few, with their noise, is finer.
    private static let samplesAtOnce = 4

    private func means(_ timer: ProgramTimer) -> [Double] { Estimate.means(timer.samples, of: Self.samplesAtOnce) }
}
