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

/// What is counted of fields begins anew while packets pass, and each count is on one side of that.
@Suite(Kernel.required, .serialized) struct StateResetTests {
    typealias Bench = PairTests.Bench

    /// What was counted of two fields and of areas, added up.
    struct Sums: Sendable {
        var set: [String: UInt64] = [:]
        var got: [String: UInt64] = [:]
        var notSet: [String: UInt64] = [:]
        var values: [String: UInt64] = [:]
        var (made, found) = (UInt64(0), UInt64(0))
        /// What is no count that can be.
        var oddities: [String] = []

        mutating func add(_ until: Inspection) {
            for entry in until.fields {
                guard let state = entry.state else { continue }
                let name = entry.field.name.text
                set[name, default: 0] += state.set
                got[name, default: 0] += state.got
                notSet[name, default: 0] += state.notSet
                values[name, default: 0] += state.values
                if state.values != state.histogram.reduce(0, +) { oddities.append("\(name): \(state)") }
            }
            made += until.area?.made ?? 0
            found += until.area?.found ?? 0
        }
    }

    /// Resets states over and over, on a thread of its own.
    private final class Resetter: Sendable {
        private let sums = Mutex(Sums())
        private let isDone = Atomic<Bool>(false)

        init(_ scratch: ScratchRegistry, times: Int) {
            let path = scratch.path
            let thread = Thread { [self] in
                do {
                    let registry = try Registry.open(at: path, for: .write)
                    for _ in 0..<times {
                        let until = try registry.resetState(areas: true)
                        sums.withLock { $0.add(until) }
                        Pause.sleep(milliseconds: 1)
                    }
                } catch {
                    sums.withLock { $0.oddities.append("\(error)") }
                }
                isDone.store(true, ordering: .releasing)
            }
            thread.start()
        }

        func finish() -> Sums {
            #expect(eventually(within: .seconds(120)) { isDone.load(ordering: .acquiring) })
            return sums.withLock { $0 }
        }
    }

    /// Three senders, two who reset, and one who reads.
    @Test func eachPacketIsCountedOnce() throws {
        try Kernel.run {
            let bench = try Bench(
                capacity: 128, statistics: .all,
                fields: [("number", "u64", "sequence"), ("steady", "u32", "constant:7"), ("silent", "u8", "none")])
            let traffic = (0..<3).map { _ in BackgroundTraffic(bench.pair) }
            let resetters = (0..<2).map { _ in Resetter(bench.scratch, times: 100) }
            for _ in 0..<200 {
                let now = try bench.registry.inspect(.states)
                for entry in now.fields {
                    let state = try #require(entry.state)
                    #expect(state.set < 1 << 40 && state.got < 1 << 40 && state.notSet < 1 << 40, "gone back: \(state)")
                }
                let area = try #require(now.area)
                #expect(area.made < 1 << 40 && area.found < 1 << 40, "gone back: \(area)")
            }
            var sums = resetters.map { $0.finish() }
            let sent = try traffic.map { try $0.stop() }.reduce(0, +)
            let found = sums.map(\.found).reduce(0, +)
            let arrived = try eventually { try bench.registry.areaState().found + found >= sent }
            #expect(arrived && sent > 1000)
            try waitForRunningPrograms()
            var rest = Sums()
            rest.add(try bench.registry.resetState(areas: true))
            sums.append(rest)

            #expect(sums.flatMap(\.oddities) == [])
            #expect(sums.map(\.made).reduce(0, +) == sent && sums.map(\.found).reduce(0, +) == sent)
            for name in ["number", "steady"] {
                #expect(sums.map { $0.set[name] ?? 0 }.reduce(0, +) == sent, "\(name)")
                #expect(sums.map { $0.got[name] ?? 0 }.reduce(0, +) == sent, "\(name)")
                #expect(sums.map { $0.values[name] ?? 0 }.reduce(0, +) <= sent, "\(name)")
            }
            #expect(sums.map { $0.notSet["silent"] ?? 0 }.reduce(0, +) == sent)
            let nothing = try bench.registry.inspect(.states)
            for entry in nothing.fields { #expect(entry.state?.isNothing == true, "\(entry)") }
            let values = sums.map { $0.values["number"] ?? 0 }.reduce(0, +)
            print("resets: \(sent) packets, 201 resets, \(sent - values) values in none of what was printed")
        }
    }

    /// Sends packets of 64 bytes that are one number, from one CPU, which receives them, too.
    private static let sender = """
        import os, socket, sys
        os.sched_setaffinity(0, {int(sys.argv[1])})
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in sys.argv[4:]:
                sender.sendto(bytes([int(number)]) * 64, (sys.argv[2], int(sys.argv[3])))
        """

    private static func send(_ values: some Sequence<UInt8>, on cpu: Int, _ bench: Bench) throws {
        let seen = try bench.registry.areaState().found
        let numbers = values.map(String.init)
        let run = try bench.pair.inSender {
            try ChildProcess.run(
                ["python3", "-c", sender, "\(cpu)", VethPair.farAddress, "\(VethPair.port)"] + numbers)
        }
        #expect(run.status == 0, "\(run.output)")
        let arrived = try eventually { try bench.registry.areaState().found >= seen + UInt64(numbers.count) }
        #expect(arrived)
        try waitForRunningPrograms()
    }

    /// The last two that this process may run on, or twice the only one.
    private static func twoCPUs() throws -> (Int, Int) {
        let run = try ChildProcess.run(["python3", "-c", "import os; print(*sorted(os.sched_getaffinity(0)))"])
        let cpus = run.output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        let last = try #require(cpus.last)
        return (cpus.dropLast().last ?? last, last)
    }

    /// What one CPU had seen does not come back as another goes on, nor as it goes on itself.
    @Test(arguments: [Statistics.all, .sampled])
    func valuesBeginAnewOnEachCPU(statistics: Statistics) throws {
        try Kernel.run {
            let bench = try Bench(
                capacity: 64, statistics: statistics,
                fields: [("first", "u8", "payload:42"), ("other", "u8", "payload:43")])
            let (one, two) = try Self.twoCPUs()
            try Self.send(100...109, on: one, bench)
            try Self.send(200...209, on: two, bench)
            let until = try bench.registry.resetState(of: [FieldName("first")])
            let before = try #require(until.fields.first?.state)
            #expect(until.fields.count == 1 && until.area == nil)
            #expect(before.set == 20 && before.got == 20 && before.values == 20 && before.range == 100...209)
            #expect(before.last?.value.number == 209)
            #expect(try bench.state("first").isNothing)

            try Self.send(5...9, on: one, bench)
            let now = try bench.state("first")
            #expect(now.set == 5 && now.got == 5 && now.values == 5 && now.range == 5...9, "\(now)")
            #expect(now.last?.value.number == 9 && now.histogram.reduce(0, +) == 5)
            try Self.send([3], on: two, bench)
            let both = try bench.state("first")
            #expect(both.got == 6 && both.values == 6 && both.range == 3...9, "\(both)")

            // The other field is as if nothing had been.
            let other = try bench.state("other")
            #expect(other.set == 26 && other.got == 26 && other.range == 3...209, "\(other)")
        }
    }

    /// Statistics that are sampled begin with a field's first values again.
    @Test func firstValuesAreTakenAgain() throws {
        try Kernel.run {
            let bench = try Bench(capacity: 64, fields: [("first", "u8", "payload:42")])
            let cpu = try Self.twoCPUs().1
            try Self.send(0..<100, on: cpu, bench)
            _ = try bench.registry.resetState()
            try Self.send(0..<10, on: cpu, bench)
            #expect(try bench.state("first").values == 10)
        }
    }

    @Test func theCommandPrintsWhatWas() throws {
        try Kernel.run {
            let bench = try Bench(
                capacity: 64, statistics: .all, fields: [("first", "u8", "payload:42"), ("other", "u32", "constant:7")])
            func programs() throws -> [[UInt32]] {
                try bench.pair.inReceiver {
                    let ifindex = try NetworkInterface(named: VethPair.far).index
                    return try Hook.allCases.map { try $0.programIDs(ifindex: ifindex) }
                }
            }
            let before = try programs()
            try bench.send(30)
            let wrong = try bench.command(["reset-state", "first", "othr"])
            #expect(wrong.exitCode == 66 && wrong.output == "")
            #expect(wrong.errors.contains("cannot reset the state of \(bench.scratch.path)"), "\(wrong.errors)")
            #expect(wrong.errors.contains("Did you mean other?"), "\(wrong.errors)")
            #expect(try bench.state("first").got == 30, "all of it or nothing")

            let document = try bench.command(["reset-state", "--json", "first", "--areas"])
            #expect(try JSONSchema("inspection").faults(of: document.output) == "")
            let json = try document.json
            let fields = try #require(json["fields"] as? [[String: any Sendable]])
            #expect(fields.count == 1)
            let state = try #require(fields[0]["state"] as? [String: any Sendable])
            #expect(state["got"] as? Int == 30 && state["maximum"] as? Int == 29)
            #expect((json["area"] as? [String: any Sendable])?["found"] as? Int == 30)
            #expect(try bench.state("first").isNothing)
            #expect(try bench.registry.areaState().found == 0)
            #expect(try bench.state("other").got == 30)

            try bench.send(5)
            let text = try bench.command(["reset-state"])
            let rows = text.output.split(separator: "\n").map { $0.split(separator: " ").prefix(3).map(String.init) }
            #expect(rows.contains(["first", "5", "5"]) && rows.contains(["other", "35", "35"]), "\(text.output)")
            #expect(!text.output.contains("areas:"))
            #expect(try bench.registry.areaState().found == 5)
            for name in ["first", "other"] { #expect(try bench.state(name).isNothing) }
            #expect(try programs() == before, "no program is loaded anew")
            #expect(try bench.command(["reset-state", "first", "first"]).exitCode == 0)
        }
    }

    @Test func withoutFieldsThereIsNothing() throws {
        try Kernel.run {
            let bench = try Bench()
            let run = try bench.command(["reset-state"])
            #expect(run.exitCode == 0 && run.output == "there are no fields")
            #expect(try bench.command(["reset-state", "--areas"]).output.hasPrefix("areas: "))
        }
    }

    /// Rates do not take what began anew for a few more.
    @Test func aRateThatBeganAnewIsNotKnown() throws {
        try Kernel.run {
            let bench = try Bench(
                capacity: 64, fields: [("first", "u8", "payload:42"), ("other", "u32", "constant:7")])
            try bench.send(5)
            let earlier = try bench.registry.inspect(.states)
            _ = try bench.registry.resetState(of: [FieldName("first")])
            try bench.send(10)
            let rates = try bench.registry.inspect(.states).rates(since: earlier)
            let image = try bench.registry.image()
            #expect(rates[try #require(image.field(named: FieldName("first"))).id] == nil)
            #expect(rates[try #require(image.field(named: FieldName("other"))).id] != nil)
        }
    }

    /// A command that was killed between its two stores: readers see states as begun anew, and the next change finishes it.
    @Test func aKilledResetIsFinished() throws {
        try Kernel.run {
            let bench = try Bench(capacity: 64, fields: [("first", "u8", "payload:42")])
            let cpu = try Self.twoCPUs().1
            try Self.send(100...109, on: cpu, bench)
            var bytes = try bench.registry.fieldsMap.value
            let image = try bench.registry.image()
            let state = try bench.registry.stateImage()
            for case .rebase(let baselines) in image.beginningAnew(image.fields, areas: false, state) {
                baselines.store(in: &bytes)
            }
            try bench.registry.fieldsMap.update(at: 0, bytes)
            #expect(try bench.state("first").isNothing)
            try Self.send([7], on: cpu, bench)
            #expect(try bench.state("first").got == 1)
            let run = try bench.command(["repair"])
            #expect(run.output.contains("finished a change of the registry that was cut short"), "\(run.output)")
            try Self.send([8, 9], on: cpu, bench)
            let now = try bench.state("first")
            #expect(now.got == 3 && now.range == 8...9 && now.values == 2, "\(now)")
            #expect(try bench.command(["repair"]).output == "nothing to repair")
        }
    }
}

extension FieldState {
    /// Whether nothing was counted or seen.
    fileprivate var isNothing: Bool {
        self.set == 0 && got == 0 && notSet == 0 && sunk == 0 && notSunk == 0 && setRefused.total == 0
            && getRefused.total == 0 && last == nil && values == 0 && range == nil && histogram.isEmpty
    }
}
