// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Foundation
import Linux
import PktmetaABI
import Synchronization
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// Counts are exact whatever happens meanwhile, and nobody who reads them sees one go back.
///
/// `PKTMETA_COUNT_READS` says how often they are read; `make torture` reads two million times.
@Suite(Kernel.required, .serialized) struct ExactCountTests {
    static let reads = Int(ProcessInfo.processInfo.environment["PKTMETA_COUNT_READS"] ?? "") ?? 20_000

    /// Reads the state map over and over, on a thread of its own, and compares each CPU's counters with those of the read before.
    final class Reader: Sendable {
        private let isDone = Atomic<Bool>(false)
        private let backwards = Atomic<Int>(0)
        private let forwards = Atomic<Int>(0)

        init(_ scratch: ScratchRegistry, reads: Int) {
            let path = scratch.path
            let thread = Thread { [self] in
                try? read(Registry.open(at: path, for: .read), reads)
                isDone.store(true, ordering: .releasing)
            }
            thread.start()
        }

        private func read(_ registry: borrowing Registry, _ reads: Int) throws {
            var before = try registry.stateMap.values(at: 0)
            for _ in 0..<reads {
                let now = try registry.stateMap.values(at: 0)
                for (old, new) in zip(before, now) { compare(old, new) }
                before = now
            }
        }

        /// The words that are counters.
        private static let words: [Range<Int>] = [
            range(from: \.made, to: \.last_seen), range(from: \.counts, to: \.last_time),
        ]

        private static func range(
            from first: PartialKeyPath<pktmeta_state>, to end: PartialKeyPath<pktmeta_state>
        ) -> Range<Int> {
            let layout = MemoryLayout<pktmeta_state>.self
            return (layout.offset(of: first) ?? 0) / 8..<(layout.offset(of: end) ?? 0) / 8
        }

        private func compare(_ before: [UInt8], _ now: [UInt8]) {
            unsafe before.withUnsafeBytes { before in
                unsafe now.withUnsafeBytes { now in
                    for range in Self.words {
                        var word = range.lowerBound
                        while word < range.upperBound {
                            let old = unsafe before.load(fromByteOffset: 8 * word, as: UInt64.self)
                            let new = unsafe now.load(fromByteOffset: 8 * word, as: UInt64.self)
                            if new < old { backwards.add(1, ordering: .relaxed) }
                            if new > old { forwards.add(1, ordering: .relaxed) }
                            word += 1
                        }
                    }
                }
            }
        }

        var isFinished: Bool { isDone.load(ordering: .acquiring) }
        var timesBackwards: Int { backwards.load(ordering: .relaxed) }
        var timesForwards: Int { forwards.load(ordering: .relaxed) }
    }

    @Test func nothingIsLostOrGoesBack() throws {
        try Kernel.run {
            let bench = try PairTests.Bench(capacity: 128)
            for (name, sample) in [("third", 3), ("tenth", 10)] {
                try SampleTests.register(bench, name, "sequence", sample: sample)
            }
            // Behind the others, which are wider: where closing holes leaves all three.
            try bench.register("steady", "u32", "constant:7")
            let traffic = [BackgroundTraffic(bench.pair), BackgroundTraffic(bench.pair)]
            let reader = Reader(bench.scratch, reads: Self.reads)
            var changes = 0
            while !reader.isFinished || changes < 3 {
                // Holes in front of what is moved, and slots that one field has after the other.
                let names = (0..<3).map { "passing_\(changes)_\($0)" }
                for (name, type) in zip(names, ["u64", "u16", "bytes:9"]) {
                    try bench.register(name, type, type == "u16" ? "payload:36" : "none")
                }
                _ = try bench.registry.unregister(FieldName(names[0]))
                _ = try bench.registry.compact()
                for name in names.dropFirst() { _ = try bench.registry.unregister(FieldName(name)) }
                changes += 1
            }
            let sent = try traffic.map { try $0.stop() }.reduce(0, +)
            #expect(reader.timesBackwards == 0 && reader.timesForwards > Self.reads / 10)
            #expect(changes > 2 && sent > 1000)

            let arrived = try eventually { try bench.registry.areaState().found >= sent }
            #expect(arrived)
            try waitForRunningPrograms()
            let area = try bench.registry.areaState()
            #expect(area.made == sent && area.found == sent, "\(area), \(sent) sent")
            #expect(area.refused.total == 0)
            let steady = try bench.state("steady")
            #expect(steady.set == sent)
            // A packet that was on its way while the layout changed may be older than a field that has moved.
            #expect(steady.got + steady.getRefused.total == sent && steady.notSet == 0, "\(steady)")
            let packets = try SampleTests.cpus(bench).map { $0[\.packets] }
            #expect(packets.reduce(0, +) == sent)
            for (name, sample) in [("third", UInt64(3)), ("tenth", 10)] {
                let expected = packets.map { ($0 + sample - 1) / sample }
                #expect(try SampleTests.sets(bench, name) == expected, "\(name)")
                let state = try bench.state(name)
                #expect(state.got + state.notSet + state.getRefused.total == sent, "\(name): \(state)")
            }
            print("counts: \(sent) packets, \(changes) rounds of changes, \(Self.reads) reads")
        }
    }
}
