// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// `pktmeta trace`.
@Suite(Kernel.required) struct TraceCommandTests {
    typealias Bench = PairTests.Bench

    @Test func aLineAStationUntilPacketsHaveEnded() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7"), ("trusted", "flag", "constant")])
            let traffic = BackgroundTraffic(bench.pair)
            let text = try bench.command([
                "trace", "-f", "tenant=7", "--dport", "4739", "--count", "2", "--buffer", "64M",
            ])
            let json = try bench.command(["trace", "--count", "2", "--json", "--fields", "tenant", "--buffer", "64M"])
            _ = try traffic.stop()
            #expect(text.exitCode == 0, "\(text.errors)")
            // The first one may have been on its way as the trace began.
            let lines = text.output.split(separator: "\n").filter { $0.contains(" #2 ") }
            let first = try Regex(
                #"\d\d:\d\d:\d\d\.\d{6} #2 gro far0 UDP 192\.0\.2\.1:\d+ > 192\.0\.2\.2:4739, 46 bytes: (tenant=7 trusted|trusted tenant=7)"#
            )
            #expect(lines.first?.wholeMatch(of: first) != nil, "\(text.output)")
            let second = try Regex(#" +\+\d+\.\d{3} us #2 receive far0"#)
            #expect(lines.dropFirst().first?.wholeMatch(of: second) != nil, "\(text.output)")
            let last = try Regex(#" +\+\d+\.\d{3} us #2 dropped (NO_SOCKET )?in __udp4_lib_rcv\+0x[0-9a-f]+"#)
            #expect(lines.last?.wholeMatch(of: last) != nil, "\(text.output)")
            #expect(
                text.errors.contains("note: stations: gro, backlog, receive, queue, transmit, read, freed, dropped"))
            #expect(text.errors.contains("note: shown by no kernel: what XDP and TC programs say"))
            #expect(text.errors.contains("note: 2 packets followed, at "))

            let documents = json.output.split(separator: "\n").map(String.init)
            #expect(json.exitCode == 0 && documents.count >= 5, "\(json.output)")
            for document in documents { #expect(try JSONSchema("trace").faults(of: document) == "") }
            let packets = try documents.dropFirst().map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: any Sendable])
            }
            #expect(packets.contains { $0["station"] as? String == "gro" })
            #expect((packets.first?["fields"] as? [String: any Sendable])?["tenant"] as? Int == 7)
            #expect(Set(packets.compactMap { $0["packet"] as? Int }) == [1, 2])
            #expect(packets.contains { ($0["drop"] as? [String: any Sendable])?["function"] is String })
            #expect(try JSONSchema("trace").faults(of: #"{"dropped":5,"droppedText":"5","version":1}"#) == "")
            #expect(try JSONSchema("trace").faults(of: #"{"packet":5,"version":1}"#) != "")
        }
    }

    @Test func aSummaryByAFieldsValues() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            let traffic = BackgroundTraffic(bench.pair)
            let text = try bench.command(["trace", "--summary", "tenant", "--count", "20", "--buffer", "64M"])
            let json = try bench.command(["trace", "--summary", "tenant", "--count", "20", "--buffer", "64M", "--json"])
            _ = try traffic.stop()
            #expect(
                text.exitCode == 0 && text.output.hasPrefix("tenant=7: 20 packets\n"), "\(text.output)\(text.errors)")
            #expect(text.output.contains("FROM") && text.output.contains("gro ") && text.output.contains(" us"))
            #expect(text.output.contains("dropped 20: "), "\(text.output)")
            let documents = json.output.split(separator: "\n").map(String.init)
            #expect(documents.count == 2)
            for document in documents { #expect(try JSONSchema("trace").faults(of: document) == "") }
            #expect(documents.last?.contains(#""field":"tenant""#) == true)
            #expect(documents.last?.contains(#""packets":20"#) == true)
        }
    }

    @Test(arguments: ["INT", "TERM", "KILL"])
    func leavesNothingHoweverItEnds(signal: String) throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            _ = try bench.command("register-field", "tenant", "--type", "u32", "--source", "constant:1")
            _ = try bench.command("attach-to-interface", "far0")
            let pins = bench.scratch.pins
            let trace = try HeldTests.Background(bench, "trace")
            #expect(eventually { trace.output.contains("stations") }, "\(trace.output)")
            #expect(try eventually { try !Self.tracers(of: trace).isEmpty })
            let tracers = try Self.tracers(of: trace)
            try bench.pair.send(3)
            #expect(eventually { trace.output.contains("#3 dropped") }, "\(trace.output)")
            try trace.end(signal)
            #expect(try eventually { try Self.programs().isDisjoint(with: tracers) })
            #expect(bench.scratch.pins == pins)
            if signal != "KILL" {
                #expect(eventually { trace.output.contains("note: 3 packets followed") }, "\(trace.output)")
            }
        }
    }

    /// Ids of programs that the process holds.
    private static func tracers(of trace: HeldTests.Background) throws -> Set<UInt32> {
        let folder = "/proc/\(trace.pid)/fdinfo"
        var ids: Set<UInt32> = []
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            let text = (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)) ?? ""
            for line in text.split(separator: "\n") where line.hasPrefix("prog_id:") {
                if let id = UInt32(line.dropFirst(8).trimmingCharacters(in: .whitespaces)) { ids.insert(id) }
            }
        }
        return ids
    }

    private static func programs() throws -> Set<UInt32> {
        let run = try ChildProcess.run(["bpftool", "prog", "list"])
        return Set(run.output.split(separator: "\n").compactMap { UInt32($0.prefix { $0.isNumber }) })
    }

    @Test func whatCannotBeIsRefused() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            func refused(_ arguments: String...) throws -> String {
                let run = try bench.command(["trace"] + arguments)
                #expect(run.exitCode != 0 && run.output.isEmpty, "\(arguments): \(run.output)")
                return run.errors
            }
            #expect(try refused("-f", "nosuch=7").contains("the registry has no field nosuch"))
            #expect(try refused("--summary", "nosuch").contains("the registry has no field nosuch"))
            #expect(try refused("-f", "tenant=x").contains("'x'"))
            #expect(try refused("--count", "0").contains("--count is 1 or more."))
            #expect(try refused("--sample", "0").contains("1 or more"))
            #expect(try refused("--buffer", "5000").contains("a buffer of 5000 bytes cannot be"))
            #expect(try refused("--summary", "tenant", "--fields", "tenant").contains("leave --fields out"))
            #expect(try refused("--src", "1.2.3.4", "--dst", "::1").contains("IPv4 and an IPv6"))
        }
    }

    @Test func aRegistryThatGoesEndsIt() throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            _ = try bench.command("register-field", "tenant", "--type", "u32")
            let trace = try HeldTests.Background(bench, "trace")
            #expect(eventually { trace.output.contains("stations") }, "\(trace.output)")
            _ = try bench.command("delete-registry", "--force")
            #expect(eventually { trace.output.contains("there is none (ENOENT)") }, "\(trace.output)")
            #expect(eventually { trace.output.contains("note: 0 packets followed") }, "\(trace.output)")
        }
    }
}
