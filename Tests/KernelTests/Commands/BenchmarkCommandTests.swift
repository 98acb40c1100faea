// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Benchmark
import Foundation
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

/// That the benchmark runs, on the real kernel, and leaves nothing; what it measures is not for a test to say.
@Suite struct BenchmarkCommandTests {
    static let parts = BenchmarkPart.allCases.map(\.rawValue)

    @Test(arguments: parts)
    func eachPartMeasures(part: String) throws {
        try Kernel.run {
            let outcome = try ChildProcess.run([Fixture.command, "bench", part, "--once", "--json"])
            #expect(outcome.status == 0, "\(outcome.output)")
            let json = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
            let document = try #require(json)
            #expect(document["version"] as? Int == 1)
            let sections = try #require(document["sections"] as? [[String: Any]])
            #expect(!sections.isEmpty)
            for section in sections {
                #expect(section["part"] as? String == part)
                let rows = try #require(section["rows"] as? [[String: Any]])
                #expect(!rows.isEmpty, "\(section["title"] ?? "")")
                for row in rows {
                    let values = try #require(row["values"] as? [String: [String: Any]])
                    #expect(!values.isEmpty, "\(row["name"] ?? "")")
                    for value in values.values {
                        let (low, median, high) = (
                            value["low"] as? Double, value["median"] as? Double, value["high"] as? Double
                        )
                        #expect(try #require(low) <= #require(median) && #require(median) <= #require(high))
                    }
                }
            }
            if part == "skbs" { try Self.expectPacketsThatAreDroppedToBeFreed(sections) }
            #expect(try JSONSchema("benchmark").faults(of: outcome.output) == "")
        }
    }

    /// Each map is emptied by the tracepoints; else its figures were those of a map that is full.
    private static func expectPacketsThatAreDroppedToBeFreed(_ sections: [[String: Any]]) throws {
        let rows = try #require(sections.last?["rows"] as? [[String: Any]])
        let dropped = rows.filter { ($0["name"] as? String)?.hasSuffix(", dropped at TC") ?? false }
        #expect(dropped.count == 2)
        for row in dropped {
            let values = try #require(row["values"] as? [String: [String: Any]])
            func count(_ column: String) throws -> Double { try #require(values[column]?["median"] as? Double) }
            #expect(try count("PACKETS") > 0)
            for column in ["STAYED OVER", "OVERTAKEN", "REFUSED"] {
                #expect(try count(column) <= count("PACKETS") / 1000, "\(row)")
            }
        }
    }

    @Test func anInterruptionLeavesNothing() throws {
        try Kernel.run {
            let script = """
                "$0" bench frames --rounds 9999 & sleep 4; kill -TERM $!; wait $!; echo "exit code $?"
                ls \(BPFFileSystem.defaultMountPoint) | grep -- "-$!"
                """
            let outcome = try ChildProcess.run(["bash", "-c", script, Fixture.command])
            #expect(outcome.output.contains("the benchmark stopped: signal 15"), "\(outcome.output)")
            #expect(outcome.output.hasSuffix("exit code 130\n"), "\(outcome.output)")
        }
    }

    @Test func withoutPrivilegesItSaysWhatItTakes() throws {
        try Kernel.run {
            let user = try OtherUser()
            try user.installBenchmark()
            let outcome = try user.run(["bench", "encodings", "--rounds", "6"], capabilities: [])
            #expect(outcome.status == 77, "\(outcome.output)")
            #expect(outcome.output.contains("CAP_BPF"), "\(outcome.output)")
        }
    }
}
