// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Glibc
import Linux
import PacketMetadata
import SystemPackage
import TestSupport
import Testing

/// Whose a registry is: a more privileged user changes another's only if told to trust its owner.
@Suite(Kernel.required) struct OwnershipTests {
    typealias Bench = PrivilegeTests.Bench

    /// By root, in this process.
    static func run(_ bench: Bench, _ arguments: [String], at path: FilePath? = nil) throws -> CommandRun {
        try bench.pair.inReceiver { CommandRun(arguments + ["--registry", (path ?? bench.registry).string]) }
    }

    static let writing = [
        ["register-field", "fresh", "--type", "u8"], ["unregister-field", "spare"], ["compact"], ["repair"],
        ["reset-state"],
        ["create-registry", "--mode-bits", "0644"], ["attach-to-interface", "far0"],
        ["detach-from-interface", "far0"], ["delete-registry", "--force"],
    ]

    @Test func rootChangesNoRegistryOfOthersUntold() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.prepare(.prebuilt)
            let before = try PinAccessTests.listing(bench.registry)
            for command in Self.writing {
                let run = try Self.run(bench, command)
                #expect(run.exitCode == 77, "\(command): \(run.errors)")
                #expect(
                    run.errors.contains(
                        "the registry \(bench.registry) belongs to user \(OtherUser.id), who decides what is loaded"),
                    "\(command): \(run.errors)")
                #expect(run.errors.contains("--trust-owner"))
            }
            #expect(try PinAccessTests.listing(bench.registry) == before)
            // Told so, it does.
            for command in Self.writing.filter({ $0[0] != "detach-from-interface" }) {
                let run = try Self.run(bench, command + ["--trust-owner"])
                #expect(run.exitCode == 0, "\(command): \(run.errors)")
            }
            #expect(!Folder.exists(bench.registry))
        }
    }

    @Test func readingSaysWhoseItIs() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.prepare(.prebuilt)
            let note = "note: the registry \(bench.registry) belongs to user \(OtherUser.id)"
            for command in [
                ["inspect-map"], ["inspect-map", "--json"], ["status"], ["export-btf"], ["generate-header"],
                ["watch", "far0", "--duration", "0.1"], ["layout-digest"],
            ] {
                let run = try Self.run(bench, command)
                #expect(run.exitCode == 0, "\(command): \(run.errors)")
                #expect(run.errors.contains(note), "\(command): \(run.errors)")
            }
            let doctor = try Self.run(bench, ["doctor"])
            #expect(doctor.exitCode == 0)
            // Where lines end depends on the registry's path.
            let words = doctor.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(words.contains("belongs to user \(OtherUser.id),"), "\(doctor.output)")
            // Its owner needs no word, nor does anyone about root's.
            for arguments in [["inspect-map"], ["doctor"]] {
                let own = try bench.run(arguments)
                #expect(!own.output.contains("belongs to"), "\(own.output)")
            }
            let scratch = ScratchRegistry()
            _ = try Registry.openOrCreate(at: scratch.path)
            #expect(try Self.run(bench, ["inspect-map"], at: scratch.path).errors == "")
        }
    }

    /// A folder of root's in which others may write: what is theirs in it is known by its owner.
    @Test func partsOfOthersCount() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.prepare(.field)
            let own = "\(OtherUser.id):\(OtherUser.id)"
            for part in ["registry", "state", "attachments", "lock"] {
                #expect(try ChildProcess.run(["chown", "-R", "0:0", bench.registry.string]).status == 0)
                #expect(try Self.run(bench, ["repair"]).exitCode == 0, "root's own")
                #expect(try ChildProcess.run(["chown", own, bench.registry.appending(part).string]).status == 0)
                let run = try Self.run(bench, ["repair"])
                #expect(run.exitCode == 77, "\(part)")
                #expect(run.errors.contains("belongs to user \(OtherUser.id)"), "\(part): \(run.errors)")
            }
        }
    }

    /// Deeper, what belongs to neither is not opened.
    @Test func aPinOfOthersIsNotOpened() throws {
        try Kernel.run {
            let pair = try VethPair()
            let (scratch, pins) = try HostileFolderTests.victim(pair)
            let program = try #require(pins.first { $0.hasSuffix("/program") })
            try #require(chown(scratch.path.appending(program).string, OtherUser.id, OtherUser.id) == 0)
            let run = try pair.inReceiver {
                CommandRun([
                    "register-field", "fresh", "--type", "u8", "--source", "constant:7", "--registry",
                    scratch.path.string,
                ])
            }
            #expect(run.exitCode != 0)
            #expect(run.errors.contains("open \(scratch.path)/\(program): Permission denied (EACCES)"), "\(run.errors)")
        }
    }

    /// A folder that a user was given, and that is empty yet.
    @Test func aFolderOfOthersIsNoPlaceForRootsRegistry() throws {
        try Kernel.run {
            let bench = try Bench()
            let given = bench.user.home.appending("given")
            try Folder.make(given)
            try #require(chown(given.string, OtherUser.id, OtherUser.id) == 0)
            let run = try Self.run(bench, ["register-field", "fresh", "--type", "u8"], at: given)
            #expect(run.exitCode == 77)
            #expect(run.errors.contains("belongs to user \(OtherUser.id)"), "\(run.errors)")
            #expect(try Folder.names(in: given) == [])
        }
    }
}
