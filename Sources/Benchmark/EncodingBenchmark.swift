// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import PacketMetadata
internal import RegistryModel
internal import Testbed

/// Sets and gets of several fields by each encoding, in loops of one program (bpf/bench/bench.bpf.h), with the empty
/// loop taken off.
struct EncodingBenchmark {
    let benchmark: Benchmark

    /// Enough for 31 fields in each encoding; kernels before 6.8 grant the other, which does for 3.
    private static let capacities = [216, 32]

    func run() throws(PacketMetadataError) -> [BenchmarkSection] {
        benchmark.progress("loading \(Encoding.compared.count) encodings")
        let capacity = try Registry.grantedCapacity(of: Self.capacities)
        let counts = BenchmarkFields.counts.filter { capacity >= 64 || $0 <= 3 }
        let place = try Benchmark.registry("loops", capacity: capacity, fields: counts.max() ?? 0)
        var loops: [EncodingLoops] = []
        for encoding in Encoding.compared {
            loops.append(
                try EncodingLoops(
                    encoding, encoding.usesRegistry ? .registry(place.path) : .alone, counts))
        }
        try benchmark.sample(loops.flatMap(\.timers), "encodings")
        return [section(loops, counts, .set), section(loops, counts, .get), try sizes(loops)]
    }

    private func section(
        _ loops: [EncodingLoops], _ counts: [Int], _ call: EncodingLoops.Call
    ) -> BenchmarkSection {
        var rows = loops.map { loop in
            BenchmarkSection.Row(
                loop.encoding.title, [Estimate(loop.opened)] + counts.map { Estimate(loop.costs(call, $0)) },
                note: loop.encoding.checks)
        }
        if call == .set {
            for loop in loops where loop.encoding == .keyValue {
                let backwards = counts.map { $0 > 1 ? Estimate(loop.costs(.setBack, $0)) : nil }
                rows.append(.init("\(loop.encoding.title), last key first", [nil] + backwards, note: "values move"))
            }
        }
        return BenchmarkSection(
            .encodings, call == .set ? "Set fields" : "Get fields", unit: "ns a packet",
            columns: ["OPEN"] + counts.map { "\(call == .set ? "SET" : "GET") \($0)" }, rows: rows,
            charted: [2], bars: bars(loops, call),
            notes: [
                "Each figure: open the packet's area and call for that many fields; the empty loop is taken off. "
                    + (call == .set ? "The area has no values before." : "")
            ])
    }

    private func bars(_ loops: [EncodingLoops], _ call: EncodingLoops.Call) -> [Bar] {
        func costs(_ encoding: Encoding) -> [Double] {
            loops.first { $0.encoding == encoding }?.costs(call, 3) ?? []
        }
        func bar(_ one: Encoding, _ other: Encoding, _ limit: Double) -> Bar {
            Bar(
                "\(call == .set ? "set" : "get") of 3 fields, \(one.title) / \(other.title)", .atMost(limit),
                .ratio(costs(one), to: costs(other)))
        }
        return [bar(.bound, .keyValue, 0.2), bar(.dynamic, .keyValue, 0.35), bar(.dynamic, .tlv, 0.8)]
    }

    private func sizes(_ loops: [EncodingLoops]) throws(PacketMetadataError) -> BenchmarkSection {
        var rows: [BenchmarkSection.Row] = []
        for loop in loops {
            guard let set = try loop.information(.set, 3), let get = try loop.information(.get, 3) else { continue }
            let numbers = [
                set.instructions, set.compiledSize, set.verifiedInstructions, get.instructions, get.compiledSize,
                get.verifiedInstructions,
            ]
            rows.append(.init(loop.encoding.title, numbers.map { Estimate(exactly: Double($0)) }))
        }
        return BenchmarkSection(
            .encodings, "Size of the programs that set and get 3 fields in a loop", unit: "instructions, bytes",
            digits: 0,
            columns: ["SET INSNS", "SET JITED", "SET VERIFIED", "GET INSNS", "GET JITED", "GET VERIFIED"], rows: rows,
            notes: [
                "Instructions of BPF, bytes of the CPU's own code, and how many instructions the verifier went through. Programs "
                    + "that may make the area hold the code for that too."
            ])
    }
}
