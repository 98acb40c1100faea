// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage
internal import Testbed

/// Whole processes: the command pktmeta, beside bpftool and tc where they do the like.
struct CommandBenchmark {
    let benchmark: Benchmark

    private static let capacities = [144, 32]
    /// MiB, of commands that end and of those that stay.
    private static let memoryBars = (ending: 10.0, staying: 16.0)

    func run() throws(PacketMetadataError) -> [BenchmarkSection] {
        do {
            let full = TemporaryRegistry(for: "bench-commands")
            let empty = TemporaryRegistry(for: "bench-attach")
            let one = TemporaryRegistry(for: "bench-attach-one")
            let count = try fill(full.path)
            _ = try Registry.openOrCreate(at: empty.path)
            _ = try Registry.openOrCreate(at: one.path, capacity: Self.granted()).register(Self.field(1))
            let declared = TemporaryRegistry(for: "bench-declared")
            let document = try declaration(declared.path)
            let path = try FramePath()
            let own = try OwnCommand(interface: path.receiver.name)
            let others = try OtherTools(interface: path.receiver.name, registry: empty.path)
            return try path.inReceiver {
                try Self.makeDeclaredInterfaces()
                let apply = own.command(["apply", document.pathForOthers])
                try Benchmark.run(apply[0])
                return try measure(
                    jobs(own, others, full: full.path, empty: empty.path, one: one.path, fields: count)
                        + [
                            Job("pktmeta apply, nothing to do: \(count) fields and 4 interfaces", apply),
                            Job(
                                "pktmeta inspect-map --json of these",
                                own.command(["inspect-map", "--json"], declared.path)),
                        ],
                    own.mostMemory(registry: full.path))
            }
        } catch {
            throw Benchmark.failure(error)
        }
    }

    private static func fieldCount(_ capacity: Int) -> Int { min(31, RegistryWord.space(of: capacity) / 4) }
    private static func granted() throws -> Int { try Registry.grantedCapacity(of: capacities) }

    private static func field(_ number: Int) throws -> FieldDefinition {
        try FieldDefinition(
            name: FieldName("field_\(number)"), type: .u32, source: FieldSource(source(number), type: .u32),
            owner: "bench")
    }

    private static func source(_ number: Int) -> String { number.isMultiple(of: 2) ? "none" : "constant:\(number)" }

    /// As many fields as there can be.
    private func fill(_ path: FilePath) throws -> Int {
        let capacity = try Self.granted()
        let registry = try Registry.openOrCreate(at: path, capacity: capacity)
        let count = Self.fieldCount(capacity)
        for number in 1...count { _ = try registry.register(Self.field(number)) }
        return count
    }

    /// A document that says so of another registry, and of interfaces.
    private func declaration(_ registry: FilePath) throws -> MemoryFile {
        let capacity = try Self.granted()
        let lines =
            ["owner: bench", "registry: {path: \(registry), capacity: \(capacity)}", "interfaces: [{name: declared*}]"]
            + ["fields:"]
            + (1...Self.fieldCount(capacity)).map { "  field_\($0): {type: u32, source: \"\(Self.source($0))\"}" }
        return try MemoryFile(Array(lines.joined(separator: "\n").utf8).span)
    }

    private static func makeDeclaredInterfaces() throws {
        for pair in ["declared0 type veth peer name declared1", "declared2 type veth peer name declared3"] {
            try Benchmark.run(["ip", "link", "add"] + pair.split(separator: " ").map(String.init))
        }
    }

    private func jobs(
        _ own: OwnCommand, _ others: OtherTools, full: FilePath, empty: FilePath, one: FilePath, fields: Int
    ) -> [Job] {
        [
            Job("pktmeta --version", own.command(["--version"])),
            Job("bpftool version", others.bpftool(["version"])),
            Job("pktmeta inspect-map --json, \(fields) fields", own.command(["inspect-map", "--json"], full)),
            Job("bpftool map dump -j, the same map", others.dump(full)),
            Job(
                "pktmeta register-field", own.command(["register-field", "one_more", "--type", "flag"], empty),
                undo: own.command(["unregister-field", "one_more"], empty)),
            Job("a grace period of the kernel", by: Self.gracePeriod),
            Job("pktmeta attach-to-interface, XDP and TC", own.attach(empty), undo: own.detach(empty)),
            Job("bpftool and tc, the same programs", others.attach, undo: others.detach),
            Job("the same with \(fields) fields", own.attach(full), undo: own.detach(full)),
            Job("the same with 1 field", own.attach(one), undo: own.detach(one)),
        ]
    }

    /// What each change of a registry waits for, ms.
    private static func gracePeriod() throws -> Double { try Benchmark.milliseconds { try waitForRunningPrograms() } }

    /// Commands that do one thing, and what undoes it; or something that is no command.
    private final class Job {
        let title: String
        let commands: [[String]]
        let undo: [[String]]
        private let other: (() throws -> Double)?
        /// ms.
        var times: [Double] = []
        /// MiB.
        private(set) var memory = 0.0

        init(_ title: String, _ commands: [[String]], undo: [[String]] = []) {
            self.title = title
            self.commands = commands
            self.undo = undo
            other = nil
        }

        /// - Parameter other: returns how long it took, ms.
        init(_ title: String, by other: @escaping () throws -> Double) {
            self.title = title
            (commands, undo) = ([], [])
            self.other = other
        }

        var isThere: Bool { !commands.isEmpty || other != nil }

        func run() throws {
            var time = try other?() ?? 0
            for command in commands { time += try Benchmark.run(command) }
            try runUndo()
            times.append(time)
        }

        /// Takes longer, so that it is a run of its own.
        func runForMemory() throws {
            var most = 0
            for command in commands {
                let peak = try ChildProcess.peakMemory(of: command)
                guard peak.status == 0 else { throw OwnCommand.failure(command, peak.status) }
                most = max(most, peak.bytes)
            }
            try runUndo()
            memory = Double(most) / 1_048_576
        }

        private func runUndo() throws {
            for command in undo { try Benchmark.run(command) }
        }
    }

    private func measure(
        _ jobs: [Job], _ peaks: (ending: OwnCommand.Peak, staying: OwnCommand.Peak)
    ) throws -> [BenchmarkSection] {
        let jobs = jobs.filter(\.isThere)
        for round in 0...benchmark.rounds {
            if round.isMultiple(of: 5) { benchmark.progress("commands: round \(round) of \(benchmark.rounds)") }
            try Benchmark.stopIfInterrupted()
            for job in jobs { try job.run() }
            if round == 0 { for job in jobs { job.times = [] } }  // cold
        }
        for job in jobs { try job.runForMemory() }
        let rows = jobs.map { job in
            BenchmarkSection.Row(
                job.title, [Estimate(job.times), job.commands.isEmpty ? nil : Estimate(exactly: job.memory)])
        }
        func times(_ prefix: String) -> [Double]? { jobs.first { $0.title.hasPrefix(prefix) }?.times }
        var bars: [Bar] = []
        func compare(_ one: String, _ other: String, _ limit: Double, as name: String? = nil) {
            guard let ours = times(one), let theirs = times(other) else { return }
            bars.append(Bar(name ?? "\(one) / \(other)", .atMost(limit), .ratio(ours, to: theirs)))
        }
        compare("pktmeta --version", "bpftool version", 1.5)
        compare("pktmeta inspect-map --json", "bpftool map dump -j", 0.7)
        compare("pktmeta apply, nothing to do", "pktmeta inspect-map --json of these", 3)
        compare("pktmeta register-field", "a grace period", 1.3)
        compare("pktmeta attach-to-interface", "bpftool and tc", 0.9)
        compare("the same with", "the same with 1 field", 1.5, as: "pktmeta attach-to-interface, most fields / 1 field")
        func limit(_ peak: OwnCommand.Peak, _ limit: Double, _ which: String) {
            bars.append(
                Bar(
                    "most memory of a command that \(which) (\(peak.command)) / \(Int(limit)) MiB", .atMost(1),
                    Estimate(exactly: peak.memory / limit)))
        }
        limit(peaks.ending, Self.memoryBars.ending, "ends")
        limit(peaks.staying, Self.memoryBars.staying, "stays")
        return [
            BenchmarkSection(
                .commands, "Commands, from start to end", unit: "ms, MiB", columns: ["TIME", "MEMORY"], rows: rows,
                charted: [0], bars: bars, notes: notes(jobs))
        ]
    }

    private func notes(_ jobs: [Job]) -> [String] {
        var notes = [
            "The same programs: the prebuilt ones for a registry without fields, loaded and attached to XDP and TC ingress."
        ]
        notes.append(
            "Most memory: of all commands that work on a registry or an interface, watch without packets; not of demo."
        )
        if !jobs.contains(where: { $0.title.hasPrefix("bpftool") }) {
            notes.append("bpftool or tc is not there to compare with: apt-get install bpftool iproute2.")
        }
        #if DEBUG
            notes.append("This is a debug build: make release makes the one that users have.")
        #endif
        return notes
    }
}
