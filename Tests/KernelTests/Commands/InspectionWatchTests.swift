// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Glibc
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// `inspect-map --watch`, on a terminal and in a pipe.
@Suite(Kernel.required) struct InspectionWatchTests {
    typealias Bench = PairTests.Bench

    @Test func ratesOfTrafficInAPipe() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            let traffic = BackgroundTraffic(bench.pair)
            let run = CommandRun([
                "inspect-map", "--watch", "0.2", "--count", "3", "--json", "--registry", bench.scratch.path.string,
            ])
            let sent = try traffic.stop()
            #expect(run.exitCode == 0, "\(run.errors)")
            let lines = run.output.split(separator: "\n").map(String.init)
            try #require(lines.count == 3)
            var documents: [InspectionTests.Document] = []
            for line in lines {
                #expect(try JSONSchema("inspection").faults(of: line) == "")
                documents.append(try JSONDecoder().decode(InspectionTests.Document.self, from: Data(line.utf8)))
            }
            let counts = try documents.map { try #require($0.fields[0].state?.got) }
            let rates = try documents.map { try #require($0.fields[0].rates?.got) }
            // As many a second as the counts and times say.
            for (earlier, later) in [(0, 1), (1, 2)] {
                let seconds = Double(documents[later].time - documents[earlier].time) / 1e9
                #expect(abs(rates[later] * seconds - (Double(counts[later]) - Double(counts[earlier]))) < 0.001)
            }
            #expect(rates.contains { $0 > 0 })
            #expect(counts[2] <= sent)
        }
    }

    /// A rate is what was counted, by the time that passed: known counts, a known time.
    @Test func ratesAreDifferencesByTime() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            let before = try bench.registry.inspect()
            try bench.send(120)
            let after = try bench.registry.inspect()
            let seconds = Double(after.time - before.time) / 1e9
            let rates = try #require(after.rates(since: before).values.first)
            #expect(abs(rates.set * seconds - 120) < 0.001)
            #expect(abs(rates.got * seconds - 120) < 0.001)
            #expect(before.rates(since: after).isEmpty)
            // Registered anew under its name: its counts began anew.
            _ = try bench.registry.unregister(FieldName("tenant"))
            try bench.register("tenant", "u32", "constant:7")
            #expect(try bench.registry.inspect().rates(since: after).isEmpty)
        }
    }

    private static func watch(
        _ bench: Bench, _ arguments: [String] = [], rows: UInt16 = 20, columns: UInt16 = 80
    ) throws -> PseudoTerminal {
        try PseudoTerminal(
            [Fixture.command, "inspect-map", "--watch", "0.1", "--registry", bench.scratch.path.string] + arguments,
            rows: rows, columns: columns, environment: ["LANG=C.UTF-8", "TERM=xterm", "NO_COLOR="])
    }

    @Test func redrawsInPlaceUntilAKeyQuits() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7"), ("seen_at", "u64", "ktime")])
            let terminal = try Self.watch(bench)
            #expect(eventually { terminal.frame.contains("every 0.1 s") }, "\(terminal.transcript)")
            // It took the screen, hid the cursor, and left out what has no room.
            #expect(terminal.transcript.hasPrefix("\u{1b}[?1049h\u{1b}[?25l"))
            #expect(terminal.frame.contains("no room for:"))
            let modesMeanwhile = terminal.modes

            try bench.send(50)
            #expect(eventually { terminal.frame.contains("   50   50  ") }, "\(terminal.frame)")

            terminal.resize(rows: 20, columns: 200)
            #expect(eventually { terminal.frame.contains("HISTOGRAM") && !terminal.frame.contains("no room for:") })
            terminal.type("s")
            // What is shown last is there once the frame is.
            var frame = ""
            #expect(
                eventually {
                    frame = terminal.frame
                    return frame.contains("by name")
                })
            let names = frame.components(separatedBy: "\r\n").compactMap { line in
                ["tenant", "seen_at"].first { line.contains($0) }
            }
            #expect(names == ["seen_at", "tenant"])
            terminal.type("r")
            #expect(eventually { terminal.frame.contains("by name (reversed)") })
            terminal.type(" ")
            #expect(eventually { terminal.frame.contains("paused") })

            terminal.type("q")
            #expect(eventually { terminal.end != nil })
            #expect(terminal.end?.status == 0, "\(terminal.end?.errors ?? "")")
            #expect(terminal.transcript.hasSuffix("\u{1b}[?25h\u{1b}[?1049l"))
            #expect(terminal.modes != modesMeanwhile)
            #expect(terminal.modes[3] & UInt32(ECHO | ICANON | ISIG) == UInt32(ECHO | ICANON | ISIG))
        }
    }

    /// As a slow line or fast fingers send them.
    @Test func severalKeysAtOnce() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            let terminal = try Self.watch(bench, ["--sort", "name"])
            #expect(eventually { terminal.frame.contains("by name") })
            terminal.type("sr \u{1b}[B")
            #expect(eventually { terminal.frame.contains("paused; by slot (reversed)") }, "\(terminal.frame)")
            terminal.type("rq")
            #expect(eventually { terminal.end?.status == 0 })
        }
    }

    @Test func linesAreNoWiderThanTheScreen() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7"), ("seen_at", "u64", "ktime")])
            let terminal = try Self.watch(bench, ["both"], rows: 40, columns: 24)
            #expect(eventually { terminal.frame.contains("every 0.1") })
            let frame = terminal.frame.replacing(/\u{1b}\[[0-9;]*[A-Za-z]/, with: "")
            let lines = frame.split(whereSeparator: \.isNewline)
            #expect(lines.count > 10)
            #expect(lines.allSatisfy { $0.count <= 24 }, "\(frame)")
            terminal.type("q")
            #expect(eventually { terminal.end?.status == 0 })
        }
    }

    /// The input is another: keys are not promised.
    @Test func withoutAKeyboard() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            let command = "\(Fixture.command) inspect-map --watch 0.1 --registry \(bench.scratch.path)"
            let terminal = try PseudoTerminal(
                ["sh", "-c", "exec \(command) </dev/null"], rows: 20, columns: 80, environment: ["TERM=xterm"])
            #expect(eventually { terminal.frame.contains("by offset; Ctrl-C quits") }, "\(terminal.transcript)")
            try terminal.signal(SIGINT)
            #expect(eventually { terminal.end?.status == 0 })
            #expect(terminal.transcript.hasSuffix("\u{1b}[?25h\u{1b}[?1049l"))
        }
    }

    /// One that has no cursor to move, as an editor's shell is, gets what a pipe gets.
    @Test func blocksOnADumbTerminal() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            let terminal = try PseudoTerminal(
                [Fixture.command, "inspect-map", "--watch", "0.1", "--registry", bench.scratch.path.string],
                rows: 20, columns: 80, environment: ["TERM=dumb"])
            #expect(eventually { terminal.transcript.components(separatedBy: "FIELD").count > 3 })
            try terminal.signal(SIGINT)
            #expect(eventually { terminal.end?.status == 0 })
            #expect(!terminal.transcript.contains("\u{1b}"))
        }
    }

    @Test func scrollsWhatIsLongerThanTheScreen() throws {
        try Kernel.run {
            let bench = try Bench(capacity: 128, fields: (1...31).map { ("f\($0)", "u16", "constant:\($0)") })
            let terminal = try Self.watch(bench, ["state"], rows: 10)
            #expect(eventually { terminal.frame.contains("lines more below") })
            #expect(!terminal.frame.contains("f31\u{1b}"))
            terminal.type("G")
            #expect(eventually { terminal.frame.contains("f31\u{1b}") && !terminal.frame.contains("lines more below") })
            terminal.type("g")
            #expect(eventually { terminal.frame.hasPrefix("\u{1b}[1mFIELD") }, "\(terminal.frame)")
            terminal.type("\u{3}")
            #expect(eventually { terminal.end?.status == 0 })
        }
    }

    @Test(arguments: ["registry goes", "signal"])
    func leavesTheTerminalAsItWas(cause: String) throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            let terminal = try Self.watch(bench)
            #expect(eventually { terminal.frame.contains("tenant") })
            if cause == "signal" {
                try terminal.signal(SIGTERM)
            } else {
                try Registry.remove(at: bench.scratch.path)
            }
            #expect(eventually { terminal.end != nil })
            #expect(terminal.transcript.hasSuffix("\u{1b}[?25h\u{1b}[?1049l"))
            #expect(terminal.modes[3] & UInt32(ECHO | ICANON | ISIG) == UInt32(ECHO | ICANON | ISIG))
            let end = try #require(terminal.end)
            #expect(end.status == (cause == "signal" ? 0 : 66))
            #expect(cause == "signal" || end.errors.contains("there is none"), "\(end.errors)")
        }
    }

    @Test func anErrorTakesALineLikeOtherDocuments() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            let run = CommandRun([
                "inspect-map", "nosuch", "--watch", "--json", "--registry", bench.scratch.path.string,
            ])
            #expect(run.exitCode == 66)
            let beginning = #"{"error":{"code":"no-such-field","exitCode":66,"#
            #expect(run.output.hasPrefix(beginning) && !run.output.contains("\n"), "\(run.output)")
        }
    }

    @Test func aPipeThatBreaksEndsIt() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            let command = "\(Fixture.command) inspect-map --watch 0.05 --registry \(bench.scratch.path)"
            let outcome = try ChildProcess.run([
                "bash", "-c", "timeout 20 \(command) | head -n 1; echo ${PIPESTATUS[0]}",
            ])
            // SIGPIPE, as other commands of a pipeline end.
            #expect(outcome.output.hasSuffix("\n141\n"), "\(outcome.output)")
        }
    }
}
