// SPDX-License-Identifier: BSD-2-Clause

import Benchmark
import Testing

@testable import BenchCommands
@testable import PktmetaCommands

@Suite struct BenchmarkRenderingTests {
    static let report = BenchmarkReport(
        machine: .init(kernel: "6.18.0", architecture: "x86_64", cpus: 2),
        sections: [
            BenchmarkSection(
                .encodings, "Set fields", unit: "ns a packet", columns: ["OPEN", "SET 3"],
                rows: [
                    .init("hard-coded struct", [Estimate([0.4, 0.5, 0.6]), Estimate([0.8])], note: "the area's size"),
                    .init("key/value", [nil, Estimate([14, 16, 21])], note: "key, size"),
                ],
                charted: [1],
                bars: [
                    Bar("struct / key/value", .atMost(0.2), Estimate([0.04, 0.05, 0.06])),
                    Bar("struct / key/value, tighter", .atMost(0.05), Estimate([0.04, 0.05, 0.06])),
                    Bar("key/value / struct", .atMost(1), Estimate([19, 20, 21])),
                ],
                notes: ["The empty loop is taken off."]),
            BenchmarkSection(
                .commands, "Commands", unit: "MiB", digits: 0, columns: ["MEMORY"],
                rows: [.init("pktmeta status", [Estimate(exactly: 8.4)])],
                bars: [Bar("memory / 32 MiB", .atLeast(0.1), Estimate(exactly: 0.2625))]),
        ])

    @Test(arguments: [80, 200])
    func forPeople(width: Int) throws {
        let text = BenchmarkRendering(Self.report, Display(width: width)).text
        try expectSnapshot(text, "bench-\(width).txt")
    }

    @Test func forPrograms() throws {
        try expectSnapshot(BenchmarkDocument(Self.report).json, "bench.json")
    }

    @Test(arguments: [
        (0.0, 0, "0"), (0.5, 0, "1"), (1.049, 2, "1.05"), (1.0, 3, "1.000"), (-0.04, 1, "0.0"), (-1.25, 1, "-1.3"),
        (12345.678, 1, "12345.7"), (.infinity, 1, "-"), (.nan, 2, "-"),
    ])
    func digits(number: Double, digits: Int, text: String) {
        #expect(fixed(number, digits: digits) == text)
    }
}
