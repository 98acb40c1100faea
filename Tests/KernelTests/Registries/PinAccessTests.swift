// SPDX-License-Identifier: BSD-2-Clause

import Glibc
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import BPF

/// Who may read a registry: its owner, or others too, if it was said so.
@Suite(Kernel.required) struct PinAccessTests {
    typealias Bench = PrivilegeTests.Bench

    static let stranger: UInt32 = 54399

    /// All below a folder, as `ls -l` shows them: mode and group.
    static func listing(_ path: FilePath, prefix: String = "") throws -> [String: String] {
        var list: [String: String] = [:]
        for name in try Folder.names(in: path) {
            let place = path.appending(name)
            let access = try FileAccess(of: place)
            list[prefix + name] = "\(String(access.bits, radix: 8)) \(access.owner) \(access.group)"
            if let below = try? listing(place, prefix: "\(prefix)\(name)/") { list.merge(below) { $1 } }
        }
        return list
    }

    /// The user is in the group that it opens its registry to.
    static func create(_ bench: Bench, _ options: [String]) throws -> ChildProcess.Outcome {
        try bench.user.run(
            ["create-registry"] + options + ["--registry", bench.registry.string],
            capabilities: PrivilegeTests.Privilege.all.capabilities, groups: [OtherUser.group])
    }

    @Test func pinsAreTheirOwnersOnly() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.prepare(.prebuilt)
            let own = "\(OtherUser.id) \(OtherUser.id)"
            for (name, access) in try Self.listing(bench.user.home) where !name.hasSuffix(".debug") {
                #expect(access == "600 \(own)" || access == "700 \(own)", "\(name)")
            }
            // Also if the way there is open.
            #expect(chmod(bench.user.home.string, 0o711) == 0)
            let stranger = try bench.run(["inspect-map"], .none, as: Self.stranger, groups: [OtherUser.group])
            #expect(stranger.status == 77)
            #expect(stranger.output.contains("Permission denied (EACCES)"))
        }
    }

    @Test func aGroupReadsAndNoMore() throws {
        try Kernel.run {
            let bench = try Bench()
            let created = try Self.create(bench, ["--group", "\(OtherUser.group)"])
            #expect(created.status == 0, "\(created.output)")
            #expect(created.output.contains("cannot pass \(bench.user.home), whose mode does not let them"))
            // The folder's group is another, to which its members are others.
            #expect(created.output.contains("chmod o+x \(bench.user.home)"), "\(created.output)")
            let home = "\(OtherUser.id):\(OtherUser.group)"
            #expect(try ChildProcess.run(["chown", home, bench.user.home.string]).status == 0)
            let again = try Self.create(bench, ["--group", "\(OtherUser.group)"])
            #expect(again.output.contains("chmod g+x \(bench.user.home)"), "\(again.output)")
            #expect(chmod(bench.user.home.string, 0o711) == 0)
            let open = "\(OtherUser.id) \(OtherUser.group)"
            let registry = try Self.listing(bench.registry)
            #expect(
                registry == [
                    "registry": "640 \(open)", "state": "640 \(open)",
                    "attachments": "700 \(OtherUser.id) \(OtherUser.id)", "lock": "700 \(OtherUser.id) \(OtherUser.id)",
                    "secret": "700 \(OtherUser.id) \(OtherUser.id)",
                    "secret/seal": "600 \(OtherUser.id) \(OtherUser.id)",
                ])
            #expect(try FileAccess(of: bench.registry).bits == 0o750)

            func run(_ arguments: [String], groups: [UInt32]) throws -> Int32 {
                try bench.run(arguments, .none, as: Self.stranger, groups: groups).status
            }
            try bench.expectSuccess(["register-field", "shared", "--type", "u32"])
            for arguments in [["inspect-map"], ["export-fields"], ["generate-header"], ["layout-digest"]] {
                #expect(try run(arguments, groups: [OtherUser.group]) == 0)
                #expect(try run(arguments, groups: []) == 77)
            }
            for arguments in [
                ["register-field", "new", "--type", "u8"], ["unregister-field", "shared"], ["compact"], ["export-btf"],
                ["reset-state"],
                ["delete-registry", "--force"], ["create-registry", "--mode-bits", "0644"],
            ] {
                let outcome = try bench.run(arguments, .all, as: Self.stranger, groups: [OtherUser.group])
                #expect(outcome.status == 77, "\(arguments): \(outcome.output)")
            }
            // Nor may it keep others from writing.
            let lock = try ChildProcess.run([
                "setpriv", "--reuid", "\(Self.stranger)", "--regid", "\(Self.stranger)", "--groups",
                "\(OtherUser.group)", "flock", "-n", bench.registry.appending("lock").string, "true",
            ])
            #expect(lock.status != 0)
            #expect(lock.output.contains("Permission denied"))
        }
    }

    /// Attached, and replaced when the registry changes, by the owner or by root: the owner's, and nobody else's.
    @Test func whatIsPinnedLaterIsTheOwners() throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(try Self.create(bench, ["--group", "\(OtherUser.group)", "--mode-bits", "0644"]).status == 0)
            func expectAccess(atLeast count: Int, sourceLocation: SourceLocation = #_sourceLocation) throws {
                let list = try Self.listing(bench.registry.appending("attachments"))
                #expect(list.count >= count, sourceLocation: sourceLocation)
                for (name, access) in list {
                    let isClosed = access.hasPrefix("600 \(OtherUser.id) ") || access.hasPrefix("700 \(OtherUser.id) ")
                    #expect(isClosed, "\(name): \(access)", sourceLocation: sourceLocation)
                }
            }
            func asMember(_ arguments: String...) throws {
                let outcome = try bench.run(arguments, groups: [OtherUser.group])
                #expect(outcome.status == 0, "\(outcome.output)")
            }
            try asMember("attach-to-interface", "far0", "--tc", "none")
            try expectAccess(atLeast: 5)
            try asMember("register-field", "shared", "--type", "u32", "--source", "constant:7")
            try expectAccess(atLeast: 5)

            let root = try bench.pair.inReceiver {
                CommandRun(["attach-to-interface", "far0", "--trust-owner", "--registry", bench.registry.string])
            }
            #expect(root.exitCode == 0, "\(root.errors)")
            try expectAccess(atLeast: 10)
            // So the owner can go on with what root has made.
            try asMember("register-field", "other", "--type", "u8", "--source", "constant:7")
            try asMember("detach-from-interface", "far0")
        }
    }

    // MARK: What a reader can do

    /// Paths of all pins of a registry, by whether anyone may open them to read.
    static func pins(_ bench: Bench) throws -> (open: [FilePath], closed: [FilePath]) {
        let all = try listing(bench.registry).filter { !$0.value.hasPrefix("7") }.keys.sorted()
        let maps = ["registry", "state"]
        return (
            maps.map { bench.registry.appending($0) }, all.filter { !maps.contains($0) }.map(bench.registry.appending)
        )
    }

    /// What keeps somebody without any capability from opening a pin; nil if nothing does.
    static func refusal(
        of pin: FilePath, group: UInt32 = OtherUser.group, readOnly: Bool = true
    ) throws -> Errno? {
        try OtherUser.withoutPrivilege(as: stranger, group: group) {
            do {
                _ = try BPFFileSystem.open(pin, readOnly: readOnly).raw
                return nil
            } catch let error as BPFError {
                return error.errno
            } catch let error as Errno {
                return error
            }
        }
    }

    /// Without any capability: of a program that can be opened, be it to read, packets can be run through, whose fields
    /// it sets.
    @Test func aReaderOpensNoProgram() throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(try Self.create(bench, ["--mode-bits", "0644"]).status == 0)
            try bench.expectSuccess(["register-field", "seven", "--type", "u32", "--source", "constant:7"])
            try bench.expectSuccess(["attach-to-interface", "far0"])
            #expect(chmod(bench.user.home.string, 0o711) == 0)
            let (open, closed) = try Self.pins(bench)
            #expect(closed.count >= 5)
            for pin in open {
                #expect(try Self.refusal(of: pin, readOnly: true) == nil)
                #expect(try Self.refusal(of: pin, readOnly: false) == .permissionDenied)
            }
            for pin in closed {
                #expect(try Self.refusal(of: pin, readOnly: true) == .permissionDenied, "\(pin)")
            }
            // The words for it.
            let status = try bench.run(["status"], .none, as: Self.stranger)
            #expect(status.status == 0)
            #expect(
                status.output.contains("what is attached is for the registry's owner alone to see"), "\(status.output)")
            let inspection = try bench.run(["inspect-map"], .none, as: Self.stranger)
            #expect(inspection.status == 0)
            #expect(inspection.output.contains("seven"))
        }
    }

    /// As older versions made them: what a reader could do then, and how that ends.
    @Test func repairClosesWhatWasOpen() throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(try Self.create(bench, ["--mode-bits", "0644"]).status == 0)
            try bench.expectSuccess(["register-field", "seven", "--type", "u32", "--source", "constant:7"])
            try bench.expectSuccess(["attach-to-interface", "far0"])
            #expect(chmod(bench.user.home.string, 0o711) == 0)
            #expect(
                try ChildProcess.run([
                    "chmod", "-R", "a+rX", bench.registry.appending("attachments").string,
                ]).status == 0)
            let program = try #require(
                try Self.pins(bench).closed.first { $0.string.hasSuffix("/program") && $0.string.contains("-xdp") })
            let run = try OtherUser.withoutPrivilege(as: Self.stranger) {
                try BPFProgram(BPFFileSystem.open(program, readOnly: true)).testRunXDP(
                    packet: [UInt8](repeating: 0, count: 64))
            }
            #expect(run.metadataSize == 64, "the field is set on a packet of the stranger's")

            for command in [["status"], ["doctor"]] {
                let output = try bench.run(command).output
                #expect(output.contains("may open what is pinned there"), "\(output)")
            }
            let repair = try bench.run(["repair"])
            #expect(
                repair.output.contains("closed the pins of attachments and of the seal to all but their owner"),
                "\(repair.output)")
            #expect(try Self.refusal(of: program, readOnly: true) == .permissionDenied)
            for (name, access) in try Self.listing(bench.registry.appending("attachments")) {
                #expect(access.hasPrefix("600 ") || access.hasPrefix("700 "), "\(name): \(access)")
            }
            #expect(try bench.run(["repair"]).output == "nothing to repair\n")
            for command in [["status"], ["doctor"]] {
                #expect(try !bench.run(command).output.contains("may open what is pinned"))
            }
        }
    }

    /// getent(1) is the system's, whatever PATH says.
    @Test func aGroupIsNotLookedUpByPath() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let folder = try ScratchFolder()
            let mark = folder.path.appending("was-run")
            let program = try folder.write(Array("#!/bin/sh\ntouch \(mark)\necho name:x:0:\n".utf8), as: "getent")
            #expect(chmod(program.string, 0o755) == 0)
            let outcome = try ChildProcess.run([
                "env", "PATH=\(folder.path):/usr/bin:/bin", Fixture.command, "create-registry", "--group",
                "no-such-group",
                "--registry", scratch.path.string,
            ])
            #expect(outcome.status == 66, "\(outcome.output)")
            #expect(!Folder.exists(mark))
        }
    }

    @Test func programsOfTheSystem() throws {
        #expect(try SystemProgram.path(of: "sh").string.hasSuffix("/sh"))
        #expect(try SystemProgram.path(of: "./own") == "./own")
        #expect(throws: Errno.noSuchFileOrDirectory) { try SystemProgram.path(of: "no-such-program") }
    }

    @Test func itCanBeChangedLater() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.prepare(.prebuilt)
            #expect(chmod(bench.user.home.string, 0o711) == 0)
            func readBy(_ groups: [UInt32]) throws -> Int32 {
                try bench.run(["inspect-map"], .none, as: Self.stranger, groups: groups).status
            }
            #expect(try readBy([OtherUser.group]) == 77)
            #expect(try Self.create(bench, ["--group", "\(OtherUser.group)"]).status == 0)
            #expect(try readBy([OtherUser.group]) == 0)
            #expect(try readBy([]) == 77)
            #expect(try Self.create(bench, ["--mode-bits", "644"]).status == 0)
            #expect(try readBy([]) == 0)
            #expect(try Self.create(bench, ["--mode-bits", "0600"]).status == 0)
            #expect(try readBy([OtherUser.group]) == 77)
            for (name, access) in try Self.listing(bench.registry) {
                #expect(access.hasPrefix("600 ") || access.hasPrefix("700 "), "\(name)")
            }
        }
    }

    @Test(arguments: ["0660", "0666", "0620", "0777", "0750", "0400", "0000", "640x", "-640", "9999", "01640"])
    func badBits(bits: String) throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let run = CommandRun(["create-registry", "--mode-bits=\(bits)", "--registry", scratch.path.string])
            #expect(run.exitCode == 64)
            #expect(run.errors.contains("cannot set who may read the registry"), "\(run.errors)")
            #expect(!Folder.exists(scratch.path))
        }
    }

    @Test func badGroups() throws {
        try Kernel.run {
            let bench = try Bench()
            let missing = try bench.run(["create-registry", "--group", "no-such-group"])
            #expect(missing.status == 66)
            #expect(missing.output.contains("there is no group no-such-group"))
            let useless = try bench.run(["create-registry", "--group", "root", "--mode-bits", "0604"])
            #expect(useless.status == 64)

            // Of which the user is no member.
            let foreign = try bench.run(["create-registry", "--group", "root"])
            #expect(foreign.status == 77)
            #expect(foreign.output.contains("change its pins: Operation not permitted (EPERM)"))
            #expect(try bench.names == [])
            try bench.expectSuccess(["create-registry"])
            let before = try Self.listing(bench.registry)
            #expect(try bench.run(["create-registry", "--group", "root"]).status == 77)
            #expect(try Self.listing(bench.registry) == before)
        }
    }
}
