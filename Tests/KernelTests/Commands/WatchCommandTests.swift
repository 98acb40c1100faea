// SPDX-License-Identifier: BSD-2-Clause

import ArgumentParser
import Foundation
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import PktmetaCommands
@testable import RegistryModel

/// The options of the command, as it reads them.
enum FilterOptionsParser {
    static func filter(_ options: [String]) throws -> PacketFilter? {
        let command = try Pktmeta.parseAsRoot(["watch", "lo"] + options) as? Watch
        return try command?.filter.filter()
    }
}

/// `pktmeta watch`.
@Suite(Kernel.required) struct WatchCommandTests {
    typealias Bench = PairTests.Bench

    @Test func aLineAPacketUntilThereAreEnough() throws {
        try Kernel.run {
            let bench = try Bench(
                fields: [
                    ("tenant", "u32", "constant:7"), ("sender", "ipv4", "payload:26"), ("trusted", "flag", "constant"),
                ])
            let traffic = BackgroundTraffic(bench.pair)
            let text = try bench.command(["watch", "far0", "--count", "5", "--dport", "4739", "-f", "tenant=7"])
            let json = try bench.command(["watch", "far0", "--count", "5", "--json", "--fields", "tenant,trusted"])
            _ = try traffic.stop()
            #expect(text.exitCode == 0, "\(text.errors)")
            let lines = text.output.split(separator: "\n")
            #expect(lines.count == 5)
            let pattern = try Regex(
                #"\d\d:\d\d:\d\d\.\d{6} far0 UDP 192\.0\.2\.1:\d+ > 192\.0\.2\.2:4739, 60 bytes: tenant=7 trusted sender=192\.0\.2\.1"#
            )
            #expect(lines.allSatisfy { $0.wholeMatch(of: pattern) != nil }, "\(text.output)")
            #expect(text.errors.hasPrefix("note: 5 packets shown, 0 dropped"))

            let documents = json.output.split(separator: "\n").map(String.init)
            #expect(documents.count == 5)
            for document in documents { #expect(try JSONSchema("watch").faults(of: document) == "") }
            let first = try #require(
                try JSONSerialization.jsonObject(with: Data(documents[0].utf8)) as? [String: any Sendable])
            let fields = try #require(first["fields"] as? [String: any Sendable])
            #expect(fields["tenant"] as? Int == 7 && fields["trusted"] as? Bool == true && fields.count == 2)
            let time = try #require(first["time"] as? UInt64)
            #expect(abs(Int64(bitPattern: Clock.realtime &- time)) < 60_000_000_000)
            #expect(try JSONSchema("watch").faults(of: #"{"dropped":5,"droppedText":"5","version":1}"#) == "")
            #expect(try JSONSchema("watch").faults(of: #"{"dropped":5,"version":1}"#) != "")
        }
    }

    /// Values that doubles do not hold come through whole, for readers that have nothing else.
    @Test func longValuesAreExactForReadersWithDoubles() throws {
        struct Packet: Decodable {
            let time: UInt64
            let timeText: String
            let fields: [String: Double]
            let fieldsText: [String: String]
        }
        try Kernel.run {
            let values = ["odd": "9007199254740993", "most": "18446744073709551615"]
            let bench = try Bench(fields: values.map { ($0, "u64", "constant:\($1)") })
            let traffic = BackgroundTraffic(bench.pair)
            let watch = try bench.command(["watch", "far0", "--count", "1", "--json"])
            _ = try traffic.stop()
            #expect(try JSONSchema("watch").faults(of: watch.output) == "")
            let packet = try JSONDecoder().decode(Packet.self, from: Data(watch.output.utf8))
            #expect(packet.fieldsText == values && packet.timeText == String(packet.time))
            #expect(packet.fields["odd"] == 9_007_199_254_740_992)  // rounded, so the texts are needed
            let inspection = CommandRun(["inspect-map", "--json", "--registry", bench.scratch.path.string])
            let document = try JSONDecoder().decode(InspectionTests.Texts.self, from: Data(inspection.output.utf8))
            for (name, value) in values {
                let state = try #require(document.fields.first { $0.field.name == name }?.state)
                #expect(state.last.numberText == value && state.minimumText == value && state.maximumText == value)
                // CLOCK_REALTIME, as the watched packet's.
                let readAt = try #require(UInt64(state.last.readAtText))
                #expect(abs(Int64(bitPattern: readAt &- packet.time)) < 60_000_000_000)
                #expect(state.last.time < readAt)
            }
        }
    }

    @Test(arguments: ["INT", "TERM", "KILL"])
    func leavesNothingHoweverItEnds(signal: String) throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            _ = try bench.command("register-field", "tenant", "--type", "u32", "--source", "constant:1")
            _ = try bench.command("attach-to-interface", "far0")
            let pins = bench.scratch.pins
            let watch = try HeldTests.Background(bench, "watch", "far0")
            #expect(try eventually { try Self.programs(bench).first == "watcher" }, "\(watch.output)")
            try bench.pair.send(10)
            #expect(eventually { watch.output.split(separator: "\n").count == 10 }, "\(watch.output)")
            try watch.end(signal)
            #expect(try eventually { try Self.programs(bench) == ["consumer"] })
            #expect(bench.scratch.pins == pins)
            if signal != "KILL" {
                #expect(eventually { watch.output.contains("note: 10 packets shown, 0 dropped") }, "\(watch.output)")
            }
        }
    }

    private static func programs(_ bench: AttachmentTests.Bench) throws -> [String] {
        try bench.pair.inReceiver {
            try HookOccupancy(of: VethPair.far, .tcIngress).occupants.compactMap(\.programName)
        }
    }

    @Test func whatGoesEndsIt() throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            _ = try bench.command("register-field", "tenant", "--type", "u32", "--source", "constant:1")
            let ofInterface = try HeldTests.Background(bench, "watch", "far0")
            #expect(try eventually { try Self.programs(bench).first == "watcher" }, "\(ofInterface.output)")
            try bench.pair.inReceiver { try VethPair.ip("link del far0") }
            #expect(eventually { ofInterface.output.contains("the interface far0 is gone") }, "\(ofInterface.output)")
        }
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            _ = try bench.command("register-field", "tenant", "--type", "u32", "--source", "constant:1")
            let ofRegistry = try HeldTests.Background(bench, "watch", "far0")
            #expect(try eventually { try Self.programs(bench).first == "watcher" }, "\(ofRegistry.output)")
            try Registry.remove(at: bench.scratch.path)
            #expect(eventually { ofRegistry.output.contains("there is none (ENOENT)") }, "\(ofRegistry.output)")
            #expect(try eventually { try Self.programs(bench).isEmpty })
        }
    }

    /// What it has seen before is told, and so is what was dropped; with --json, all of it by a line each.
    @Test(arguments: [true, false])
    func whatWasSeenBeforeIsShown(isJSON: Bool) throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            _ = try bench.command("register-field", "tenant", "--type", "u32", "--source", "constant:1")
            _ = try bench.command("attach-to-interface", "far0")
            let watch = try HeldTests.Background(bench, "watch", "far0", isJSON ? "--json" : "--last")
            #expect(try eventually { try Self.programs(bench).contains("watcher") }, "\(watch.output)")
            try watch.end("STOP")
            try bench.pair.send(10)
            try Registry.remove(at: bench.scratch.path)
            Pause.sleep(milliseconds: 250)  // so that it looks for the registry first
            try watch.end("CONT")
            #expect(eventually { watch.output.contains("there is none (ENOENT)") }, "\(watch.output)")
            let lines = watch.output.split(separator: "\n").map(String.init)
            #expect(lines.count { $0.contains(isJSON ? #""fields":{"tenant":1}"# : ": tenant=1") } == 10)
            #expect(lines.contains { $0.hasPrefix("note: 10 packets shown, 0 dropped") }, "\(watch.output)")
            if isJSON {
                #expect(lines.count == 12)
                for line in lines where !line.hasPrefix("note: ") {
                    #expect(try JSONSchema("watch").faults(of: line) == "")
                }
            }
        }
    }

    @Test func aPipeThatBreaksEndsIt() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            let traffic = BackgroundTraffic(bench.pair)
            let command = "\(Fixture.command) watch far0 --registry \(bench.scratch.path)"
            let outcome = try bench.pair.inReceiver {
                try ChildProcess.run(["bash", "-c", "timeout 20 \(command) | head -n 1; echo ${PIPESTATUS[0]}"])
            }
            _ = try traffic.stop()
            #expect(outcome.output.hasSuffix("\n141\n"), "\(outcome.output)")
        }
    }

    @Test func badInput() throws {
        try Kernel.run {
            let bench = try Bench(fields: [
                ("tenant", "u32", "constant:7"), ("mac", "mac", "none"), ("trusted", "flag", "none"),
            ])
            for (arguments, exitCode, words) in [
                (["nosuch0"], 66, "cannot watch nosuch0"),
                (["far0", "nosuch0"], 66, "cannot watch nosuch0: there is no"), ([], 64, "Name an interface"),
                (["far0", "-f", "nosuch=1"], 66, "no field nosuch"),
                (["far0", "--fields", "nosuch"], 66, "no field nosuch"),
                (["far0", "--fields", "a,,b"], 64, "--fields"),
                (["far0", "-f", "tenant=4294967296"], 64, "4294967296"), (["far0", "-f", "tenant="], 64, "tenant="),
                (["far0", "-f", "=7"], 64, "=7"), (["far0", "-f", "mac<1"], 64, "no such comparison"),
                (["far0", "-f", "trusted=1"], 64, "Name the flag alone"), (["far0", "--src", "10.0.0"], 64, "10.0.0"),
                (["far0", "--src", "10.0.0.0/33"], 64, "0 to 32"), (["far0", "--dst", "::/129"], 64, "0 to 128"),
                (["far0", "--src", "10.0.0.1", "--dst", "::1"], 64, "IPv4 and an IPv6"),
                (["far0", "--sport", "0"], 64, "port"),
                (["far0", "--dport", "65536"], 64, "--dport"), (["far0", "--proto", "nosuch"], 64, "--proto"),
                (["far0", "--count", "0"], 64, "--count"), (["far0", "--sample", "0"], 64, "sample"),
                (["far0", "--buffer", "5000"], 64, "power of two"), (["far0", "--buffer", "1K"], 64, "power of two"),
                (["far0", "--buffer", "x"], 64, "--buffer"), (["far0", "--duration", "-1"], 64, "--duration"),
            ] as [([String], Int32, String)] {
                let run = try bench.command(["watch"] + arguments)
                #expect(run.exitCode == exitCode, "\(arguments): \(run.output)\(run.errors)")
                #expect(run.errors.contains(words), "\(arguments): \(run.errors)")
                #expect(run.output.isEmpty)
            }
            #expect(try WatchTests.programs(bench) == ["consumer"])
            let missing = try bench.pair.inReceiver {
                CommandRun(["watch", "far0", "--registry", "/sys/fs/bpf/no-such"])
            }
            #expect(missing.exitCode == 66)
        }
    }
}
