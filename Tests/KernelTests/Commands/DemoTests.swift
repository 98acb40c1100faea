// SPDX-License-Identifier: BSD-2-Clause

import Linux
import PktmetaCommands
import SystemPackage
import TestSupport
import Testing

/// `pktmeta demo`, and what it says to do next.
@Suite(Kernel.required) struct DemoTests {
    @Test func whatItSaysToDoNextWorks() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let pair = try VethPair()
            let demo = try pair.inReceiver { try ChildProcess.run([Fixture.command, "demo", "--packets", "50"]) }
            #expect(demo.status == 0, "\(demo.output)")
            let parts = demo.output.split(separator: "# All of it is removed again. What next?")
            try #require(parts.count == 2, "\(demo.output)")
            let commands = parts[1].split(separator: "\n").dropFirst()
            #expect(commands.count == 7)
            #expect(commands.allSatisfy { $0.hasPrefix("\(Fixture.command) ") && $0.contains("  # ") })
            // An interface that is there.
            #expect(commands.contains { $0.contains("attach-to-interface \(VethPair.far) ") })

            let traffic = BackgroundTraffic(pair)
            let run = try pair.inReceiver {
                try ChildProcess.run([
                    "env", "PKTMETA_REGISTRY=\(scratch.path)", "sh", "-e", "-c", commands.joined(separator: "\n"),
                ])
            }
            _ = try traffic.stop()
            #expect(run.status == 0, "\(run.output)")
            #expect(run.output.split(separator: "\n").count { $0.hasSuffix("demo_field=7") } == 5, "\(run.output)")
            #expect(scratch.pins == ScratchRegistry.partsOfEmpty)
        }
    }

    /// As others find it, by the search path.
    @Test func theCommandIsCalledAsItWas() throws {
        try Kernel.run {
            let run = CommandRun(["demo", "--packets", "1"])
            #expect(run.exitCode == 0, "\(run.errors)")
            // No interface is running here.
            #expect(run.output.contains("\npktmeta attach-to-interface lo "), "\(run.output)")
        }
    }
}
