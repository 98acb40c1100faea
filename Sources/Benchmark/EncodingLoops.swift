// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import PacketMetadata
internal import RegistryModel

/// One encoding's programs that call in loops, each iteration for a packet of its own.
final class EncodingLoops {
    enum Call: String {
        case set, get
        case setBack = "set_back"
    }

    let encoding: Encoding
    private let opening: Loop
    private var loops: [String: Loop] = [:]

    /// A loop, and the same with nothing in it.
    private struct Loop {
        let timer: ProgramTimer
        let empty: ProgramTimer
        let iterations: Int

        /// ns an iteration, a sample a round.
        var costs: [Double] {
            zip(timer.samples, empty.samples).map { ($0 - $1) / Double(iterations) }
        }
    }

    init(
        _ encoding: Encoding, _ loading: BenchmarkObject.Loading, _ counts: [Int]
    ) throws(PacketMetadataError) {
        self.encoding = encoding
        let object = BenchmarkObject(encoding)
        let sets = counts.flatMap { count in
            ["set_\(count)"] + (encoding == .keyValue && count > 1 ? ["set_back_\(count)"] : [])
        }
        let empties = counts.map { "empty_\($0)" }
        let setters = try object.load(Set(["open", "empty"] + sets + empties), in: loading)
        opening = Loop(
            timer: try ProgramTimer(setters, "open"), empty: try ProgramTimer(setters, "empty"), iterations: Self.opens)
        for count in counts {
            let empty = try ProgramTimer(setters, "empty_\(count)")
            for name in sets where name.hasSuffix("_\(count)") {
                loops[name] = Loop(
                    timer: try ProgramTimer(setters, name), empty: empty, iterations: Self.iterations(count))
            }
            // Maps of its own: where values lie beside the packet, the others would empty what this one gets.
            let getters = try object.load(["fill_\(count)", "get_\(count)"], in: loading)
            let area = try ProgramTimer.area(leftBy: "fill_\(count)", of: getters)
            loops["get_\(count)"] = Loop(
                timer: try ProgramTimer(getters, "get_\(count)", metadata: area), empty: empty,
                iterations: Self.iterations(count))
        }
    }

    /// As bpf/bench/bench.bpf.h has it.
    private static let opens = 32
    private static func iterations(_ count: Int) -> Int { 96 / count }

    var timers: [ProgramTimer] {
        let all = loops.sorted { $0.key < $1.key }.map(\.value)
        return [opening.timer, opening.empty] + all.map(\.timer)
            + all.filter { $0.timer !== $0.empty }.map(\.empty).uniqued
    }

    /// ns that a packet takes on which open is called, and nothing else.
    var opened: [Double] { opening.costs }

    /// ns that a packet takes on which open and that many calls are made, a sample a round.
    func costs(_ call: Call, _ count: Int) -> [Double] { loops["\(call.rawValue)_\(count)"]?.costs ?? [] }

    func information(_ call: Call, _ count: Int) throws(PacketMetadataError) -> ProgramInformation? {
        try loops["\(call.rawValue)_\(count)"]?.timer.information
    }
}

extension [ProgramTimer] {
    fileprivate var uniqued: [ProgramTimer] {
        reduce(into: []) { timers, timer in
            if !timers.contains(where: { $0 === timer }) { timers.append(timer) }
        }
    }
}
