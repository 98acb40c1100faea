// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

/// What a refusal says would help, typed into a shell of this thread's network namespace, helps.
@Suite(Kernel.required) struct PrintedRemedyTests {
    /// Runs the commands of a remedy, which end where its sentence does.
    private static func follow(_ remedy: Substring, ending end: String) throws {
        let command = try #require(remedy.split(separator: end).first)
        let run = try ChildProcess.run([
            "bash", "-c", "pktmeta() { \(Fixture.command) \"$@\"; }; \(command.drop { $0 == " " })",
        ])
        #expect(run.status == 0, "\(command): \(run.output)")
    }

    @Test func withANamespaceAndARegistry() throws {
        try Kernel.run {
            let pair = try VethPair()
            let scratch = ScratchRegistry()
            let netns = "/proc/\(ProcessID.current)/fd/\(pair.receiver.fd.raw)"
            func command(_ arguments: String..., registry: ScratchRegistry) -> CommandRun {
                CommandRun(arguments + ["--netns", netns, "--registry", registry.path.string])
            }
            func remedy(_ run: CommandRun, from begin: String) throws -> Substring {
                let place = try #require(run.errors.ranges(of: begin).last, "\(run.errors)")
                return run.errors[place.lowerBound...]
            }
            #expect(command("attach-to-interface", "far0", "--mode", "generic", registry: scratch).exitCode == 0)
            let otherMode = command("attach-to-interface", "far0", "--mode", "native", registry: scratch)
            #expect(otherMode.exitCode == 73)
            try Self.follow(try remedy(otherMode, from: "pktmeta detach-from-interface"), ending: " first.")
            #expect(command("attach-to-interface", "far0", "--mode", "native", registry: scratch).exitCode == 0)

            let other = ScratchRegistry()
            let taken = command("attach-to-interface", "far0", "--xdp", "prebuilt", registry: other)
            #expect(taken.exitCode == 73)
            try Self.follow(try remedy(taken, from: "pktmeta detach-from-interface"), ending: " detaches it.")
            #expect(command("attach-to-interface", "far0", "--xdp", "prebuilt", registry: other).exitCode == 0)

            let missing = command(
                "attach-to-interface", "far0", "--tc", Fixture.object("sharing_tc").string + ":read_stamp",
                registry: other)
            #expect(missing.exitCode == 66)
            let types = try remedy(missing, from: "pktmeta register-field").replacing("TYPE", with: "u32")
            try Self.follow(types[...], ending: "; or ")
            try pair.inReceiver { try VethPair.ip("link set far0 down") }
            let doctor = CommandRun(["doctor", "far0", "--netns", netns, "--json"])
            let report = try DoctorTests.Report(doctor)
            let up = try #require(report.findings["interface"]?.remedy)
            try Self.follow(up[...], ending: "\n")
            #expect(try pair.inReceiver { try NetworkInterface(named: "far0").state().isUp })
        }
    }
}
