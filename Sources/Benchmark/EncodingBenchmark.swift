// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import PacketMetadata
internal import RegistryModel
internal import Testbed

/// Sets and gets of several fields by each encoding, in loops of one program (bpf/bench/bench.bpf.h), with the empty
/// loop taken off.
struct EncodingBenchmark {
    let benchmark: Benchmark

    func run() throws(PacketMetadataError) -> [BenchmarkSection] {
        benchmark.progress("loading \(Encoding.compared.count) encodings")
        let (counts, capacity) = try BenchmarkFields.measured()
        let place = try Benchmark.registry("loops", capacity: capacity, fields: counts.max() ?? 0)
        var loops: [EncodingLoops] = []
        for encoding in Encoding.compared {
            loops.append(
                try EncodingLoops(
                    encoding, encoding.loading(in: place), counts))
        }
        try benchmark.sample(loops.flatMap(\.timers), "encodings")
        return [section(loops, counts, .set), section(loops, counts, .get), try sizes(loops)]
    }

    private func section(
        _ loops: [EncodingLoops], _ counts: [Int], _ call: EncodingLoops.Call
    ) -> BenchmarkSection {
        let isSet = call == .set
        var rows = loops.map { loop in
            let costs = counts.map { Estimate(loop.costs(call, $0)) }
            return BenchmarkSection.Row(
                loop.encoding.title, isSet ? [Estimate(loop.opened)] + costs : costs, note: loop.encoding.checks)
        }
        if isSet {
            for loop in loops where loop.encoding == .keyValue {
                let backwards = counts.map { $0 > 1 ? Estimate(loop.costs(.setBack, $0)) : nil }
                rows.append(.init("\(loop.encoding.title), last key first", [nil] + backwards, note: "values move"))
            }
        }
        let emptied =
            "and emptied before: no store for a struct, two for key/value, one for the others, which open then loads."
        return BenchmarkSection(
            .encodings, isSet ? "Set fields" : "Get fields", unit: "ns a packet",
            columns: (isSet ? ["OPEN"] : []) + counts.map { "\(isSet ? "SET" : "GET") \($0)" }, rows: rows,
            charted: [isSet ? 2 : 1], bars: bars(loops, call),
            notes: [
                "Each figure: a packet's area is opened and that many calls are made. The empty loop is taken off.",
                isSet ? "The area is there \(emptied)" : "The area is there, with all these fields set.",
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
        return [
            bar(.bound, .keyValue, 0.2), bar(.dynamic, .keyValue, call == .set ? 0.35 : 0.4), bar(.dynamic, .tlv, 0.8),
        ]
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
