// SPDX-License-Identifier: BSD-2-Clause

import Linux
import PacketMetadata
import RegistryModel
import SystemPackage
import TestSupport
import Testing

/// What a command made for something that then fails goes again; what others made stays.
@Suite(Kernel.required) struct TakenBackTests {
    /// Each is refused once the registry is made.
    static let refused = [
        ["attach-to-interface", VethPair.far, "--xdp", Fixture.object("sharing_xdp").string],
        ["attach-to-interface", VethPair.far, "--xdp", Fixture.object("sharing_xdp").string, "--no-pin"],
        [
            "attach-to-interface", VethPair.far, "--xdp", Fixture.object("sharing_xdp").string, "--register-missing",
            "--mode", "native", "--tc", Fixture.object("refused").string,
        ],
        ["register-field", "large", "--type", "bytes:64"],
    ]

    @Test(arguments: refused)
    func aRegistryThatWasMadeForIt(command: [String]) throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            let outer = bench.scratch.path
            defer { _ = try? ChildProcess.run(["rmdir", outer.string]) }
            func run(at path: FilePath) throws -> CommandRun {
                try bench.pair.inReceiver { CommandRun(command + ["--registry", path.string]) }
            }
            let inner = outer.appending("teams").appending("net")
            let run = try run(at: inner)
            #expect(run.exitCode != 0 && run.exitCode != 79, "\(run)")
            #expect(run.errors.contains("note: created the registry \(inner)"), "\(run)")
            #expect(run.errors.contains("note: removed the registry \(inner) again"), "\(run)")
            #expect(!Folder.exists(outer), "the folders on the way were made for it too")
        }
    }

    @Test func whatWasThereStays() throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            let outer = bench.scratch.path
            _ = try ChildProcess.run(["mkdir", "-p", outer.appending("given").string])
            let given = try bench.pair.inReceiver {
                CommandRun(Self.refused[0] + ["--registry", outer.appending("given").string])
            }
            #expect(given.exitCode == 66, "\(given)")
            #expect(bench.scratch.pins == ["given"], "a folder that others made")
            _ = try ChildProcess.run(["rmdir", outer.appending("given").string, outer.string])

            #expect(try bench.command("create-registry").exitCode == 0)
            let pins = bench.scratch.pins
            for command in Self.refused {
                let run = try bench.pair.inReceiver { CommandRun(command + ["--registry", outer.string]) }
                #expect(run.exitCode != 0 && !run.errors.contains("removed the registry"), "\(run)")
                #expect(bench.scratch.pins == pins)
            }
        }
    }

    /// What was detached and forgotten is said, in words and in a document.
    @Test func deletingSaysWhatIsGone() throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            func fill() throws {
                #expect(try bench.command("register-field", "first_field", "--type", "u32").exitCode == 0)
                #expect(try bench.command("register-field", "second_field", "--type", "u8").exitCode == 0)
                #expect(try bench.command("attach-to-interface", VethPair.far).exitCode == 0)
            }
            try fill()
            let plain = try bench.command("delete-registry", "--force")
            #expect(
                plain.output.split(separator: "\n").sorted() == [
                    "far0: TC ingress: consumer detached (tcx)", "far0: XDP: producer detached (native)",
                    "removed the registry \(bench.scratch.path), with 2 fields: first_field, second_field",
                ])
            try fill()
            let json = try bench.command("delete-registry", "--force", "--json").json
            #expect(json["registry"] as? String == bench.scratch.path.string)
            #expect(json["fields"] as? [String] == ["first_field", "second_field"])
            let attachments = try #require(json["attachments"] as? [[String: any Sendable]])
            #expect(Set(attachments.compactMap { $0["program"] as? String }) == ["producer", "consumer"])
            #expect(attachments.allSatisfy { $0["outcome"] as? String == "detached" })

            let missing = try bench.command("delete-registry", "--force", "--json")
            #expect(missing.exitCode == 66 && missing.errors == "")
            #expect(try missing.json["error"] != nil)
        }
    }
}
