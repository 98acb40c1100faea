// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import PacketMetadata
import RegistryModel
import SystemPackage
import TestSupport
import Testing

/// The registry's pins and maps, as commands and other tools see them.
@Suite(Kernel.required) struct RegistryTests {
    static func command(_ scratch: ScratchRegistry, _ arguments: String...) -> CommandRun {
        CommandRun(arguments + ["--registry", scratch.path.string])
    }

    @Test func registeringIsIdempotentAndPrintsTheID() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let first = Self.command(scratch, "register-field", "tenant", "--type", "u32", "--source", "constant:7")
            #expect(first.exitCode == 0)
            #expect(first.errors == "note: created the registry \(scratch.path), 64 bytes a packet")
            #expect(first.output.hasPrefix("0x01"))
            let second = Self.command(scratch, "register-field", "tenant", "--type", "u32", "--source", "constant:0x7")
            #expect(second.output == first.output)
            #expect(second.errors == "")
            let json = try Self.command(
                scratch, "register-field", "tenant", "--type", "u32", "--source", "constant:7", "--json"
            ).json
            let field = try #require(json["field"] as? [String: any Sendable])
            #expect(field["id"] as? Int == Int(first.output.dropFirst(2), radix: 16))
            #expect(json["isNew"] as? Bool == false)
        }
    }

    @Test func anIDIsNeverUsedAgain() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            var ids: Set<String> = []
            for _ in 0..<20 {
                ids.insert(Self.command(scratch, "register-field", "tenant", "--type", "u32").output)
                #expect(Self.command(scratch, "unregister-field", "tenant").exitCode == 0)
            }
            #expect(ids.count == 20)
        }
    }

    /// Entries changed by another tool show: the command keeps nothing of its own.
    @Test func inspectMapShowsWhatIsInTheMap() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            _ = Self.command(scratch, "register-field", "tenant", "--type", "u32", "--owner", "edge")
            let map = try BPFMap(pinnedAt: scratch.path.appending("registry"))
            var value = try map.value
            let owner = RegistryImage.entryOffset(1) + 32  // behind the name, in struct pktmeta_entry
            #expect(Array(value[owner..<owner + 5]) == Array("edge\0".utf8))
            value.replaceSubrange(owner..<owner + 5, with: Array("core\0".utf8))
            let update = try ChildProcess.run(
                [
                    "bpftool", "map", "update", "pinned", scratch.path.appending("registry").string, "key", "0", "0",
                    "0", "0",
                ]
                    + ["value"] + value.map { String($0) })
            #expect(update.status == 0, "\(update.output)")
            let json = try Self.command(scratch, "inspect-map", "--json").json
            let fields = try #require(json["fields"] as? [[String: any Sendable]])
            let field = try #require(fields[0]["field"] as? [String: any Sendable])
            #expect(field["owner"] as? String == "core")
        }
    }

    @Test func otherABIsAndOtherMapsAreRefused() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            _ = Self.command(scratch, "register-field", "tenant", "--type", "u32")
            let map = try BPFMap(pinnedAt: scratch.path.appending("registry"))
            let head = try map.slot(0)

            var other = head
            other[7] = 0x53  // the magic's low bits are the ABI version
            try map.setSlot(0, other)
            for arguments in [
                ["inspect-map"], ["register-field", "x", "--type", "u8"], ["attach-to-interface", "lo"],
            ] {
                let run = CommandRun(arguments + ["--registry", scratch.path.string])
                #expect(run.exitCode == 78)
                #expect(run.errors.contains("it has ABI version 3, this pktmeta has 2"))
            }
            #expect(try map.slot(0) == other)

            try map.setSlot(0, [UInt8](repeating: 0, count: 256))
            let garbage = Self.command(scratch, "inspect-map")
            #expect(garbage.exitCode == 65)
            #expect(garbage.errors.contains("is not a registry"))
            try map.setSlot(0, head)
            #expect(Self.command(scratch, "inspect-map").exitCode == 0)
        }
    }

    @Test func otherPinsAreRefused() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            try Folder.make(scratch.path)
            let map = try BPFMap(creating: "other", .init(kind: .array, valueSize: 8, entries: 4))
            try map.pin(at: scratch.path.appending("registry"))
            let run = Self.command(scratch, "inspect-map")
            #expect(run.exitCode == 65)
            #expect(run.errors.contains("is not one of a registry"))
            try Folder.unlink(scratch.path.appending("registry"))

            let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("foreign")), name: "foreign")
            try object.load(only: "foreign").pin(at: scratch.path.appending("registry"))
            let program = Self.command(scratch, "inspect-map")
            #expect(program.exitCode == 65, "\(program.errors)")
        }
    }

    @Test func foldersThatCannotHoldPinsAreRefused() throws {
        try Kernel.run {
            let folder = try ScratchFolder()
            for arguments in [
                ["register-field", "tenant", "--type", "u32"], ["inspect-map"], ["attach-to-interface", "lo"],
            ] {
                let run = CommandRun(arguments + ["--registry", folder.path.appending("registry").string])
                #expect(run.exitCode == (arguments == ["inspect-map"] ? 66 : 65), "\(arguments) \(run.errors)")
            }
            #expect(try Folder.names(in: folder.path).isEmpty)
            let pin = try folder.write([1], as: "registry")
            let file = CommandRun(["inspect-map", "--registry", folder.path.string])
            #expect(file.exitCode == 65, "\(file.errors) \(pin)")
            #expect(file.errors.contains("is not in a BPF file system"))
        }
    }

    @Test func anUnmountedFileSystemIsMounted() throws {
        try Kernel.run {
            // Its shell is the first process there, so what it mounts lasts; the machine's file system stays as it is.
            let script = """
                umount -a -t bpf; \(Fixture.command) register-field tenant --type u32 && \
                \(Fixture.command) inspect-map registry
                """
            let outcome = try ChildProcess.run([
                "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc", "sh", "-c", script,
            ])
            #expect(outcome.status == 0, "\(outcome.output)")
            #expect(outcome.output.contains("note: mounted a BPF file system at /sys/fs/bpf"))
            #expect(outcome.output.contains("tenant"))
        }
    }

    @Test func missingPrivilegesAreNamed() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            _ = Self.command(scratch, "register-field", "tenant", "--type", "u32")
            let unprivileged = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", Fixture.command]
            for arguments in [["register-field", "other", "--type", "u8"], ["attach-to-interface", "lo"]] {
                let outcome = try ChildProcess.run(unprivileged + arguments + ["--registry", scratch.path.string])
                #expect(outcome.status == 77, "\(outcome.output)")
                #expect(outcome.output.contains("CAP_BPF"), "\(outcome.output)")
            }
        }
    }

    /// Who sees that a registry is there is not told of making one.
    @Test func aRegistryThatIsThereIsNotSaidToBeMade() throws {
        try Kernel.run {
            let script = """
                set -e
                mount -t bpf bpf /sys/fs/bpf
                chmod 755 /sys/fs/bpf
                \(Fixture.command) create-registry
                setpriv --reuid=65534 --regid=65534 --clear-groups \(Fixture.command) register-field other --type u8
                """
            let outcome = try ChildProcess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", script])
            #expect(outcome.status == 77, "\(outcome.output)")
            #expect(
                outcome.output.contains("pktmeta: cannot open the registry /sys/fs/bpf/pktmeta"), "\(outcome.output)")
            #expect(outcome.output.contains("That is for the registry's owner, or root."), "\(outcome.output)")
        }
    }

    @Test func theCapacityIsChosenOnce() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let created = Self.command(scratch, "create-registry", "--capacity", "128")
            #expect(created.exitCode == 0)
            #expect(created.errors == "note: created the registry \(scratch.path), 128 bytes a packet")
            #expect(Self.command(scratch, "create-registry", "--capacity", "128").exitCode == 0)
            let other = Self.command(scratch, "create-registry", "--capacity", "64")
            #expect(other.exitCode == 73)
            #expect(other.errors.contains("it exists, with 128 bytes a packet"))
            let odd = Self.command(scratch, "create-registry", "--capacity", "96")
            #expect(odd.exitCode == 64)
            #expect(Self.command(scratch, "register-field", "big", "--type", "bytes:64").exitCode == 0)

            #expect(Self.command(scratch, "delete-registry").exitCode == 64)
            #expect(Self.command(scratch, "delete-registry", "--force").exitCode == 0)
            #expect(!Folder.exists(scratch.path))
            #expect(Self.command(scratch, "delete-registry", "--force").exitCode == 66)
        }
    }

    @Test func aCapacityBeyondTheKernelsIsToldWithTheKernelsOwn() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let largest = try DoctorTests.largestArea()
            try #require(largest < 248)
            let run = Self.command(scratch, "create-registry", "--capacity", "248")
            #expect(run.exitCode == 69)
            #expect(
                run.errors
                    == "pktmeta: cannot create the registry \(scratch.path): the kernel grants no metadata area of "
                    + "248 bytes; \(largest) are the most that it grants")
            #expect(!Folder.exists(scratch.path))
            #expect(Self.command(scratch, "create-registry", "--capacity", "\(largest)").exitCode == 0)
            // Of a registry that is there, too, what cannot be is told first.
            let odd = Self.command(scratch, "create-registry", "--capacity", "250")
            #expect(odd.exitCode == 64)
            #expect(odd.errors.contains("32, 64, or 128 to 248 in steps of 8"))
        }
    }

    /// A process that makes or removes a registry may be killed with hardly anything of it there.
    @Test(arguments: [[], ["lock"], ["lock", "attachments"]])
    func whatIsLeftOfARegistryIsRemoved(_ folders: [String]) throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            try Folder.make(scratch.path)
            for folder in folders { try Folder.make(scratch.path.appending(folder)) }
            #expect(Self.command(scratch, "delete-registry", "--force").exitCode == 0)
            #expect(!Folder.exists(scratch.path))
        }
    }

    @Test func aMistypedInterfaceLeavesNoRegistryBehind() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            #expect(Self.command(scratch, "attach-to-interface", "nosuch0").exitCode == 66)
            #expect(!Folder.exists(scratch.path))
        }
    }

    @Test func badPathsAreNamed() throws {
        try Kernel.run {
            let dotted = CommandRun(["register-field", "x", "--type", "u8", "--registry", "/sys/fs/bpf/a.b"])
            #expect(dotted.exitCode == 64)
            #expect(dotted.errors.contains("takes no dots in names"))
            #expect(CommandRun(["inspect-map", "--registry", ""]).exitCode == 64)
            let relative = CommandRun(["register-field", "x", "--type", "u8", "--registry", "no-bpffs-here"])
            #expect(relative.exitCode == 65)
            #expect(!Folder.exists("no-bpffs-here"))
        }
    }

    @Test func outputThatCannotBeWrittenIsAnError() throws {
        try Kernel.run {
            let full = try ChildProcess.run(["sh", "-c", "\(Fixture.command) --help > /dev/full"])
            #expect(full.status == 74)
        }
    }

    @Test func holesAreClosed() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            for (name, type) in [("a", "u16"), ("b", "bytes:16"), ("c", "u64"), ("d", "bytes:12")] {
                _ = Self.command(scratch, "register-field", name, "--type", type)
            }
            _ = Self.command(scratch, "unregister-field", "b")
            let full = Self.command(scratch, "register-field", "big", "--type", "bytes:24")
            #expect(full.exitCode == 73)
            #expect(full.errors.contains("pktmeta compact --registry \(scratch.path) closes holes"), "\(full.errors)")
            let compacted = Self.command(scratch, "compact")
            #expect(compacted.exitCode == 0)
            #expect(compacted.output.contains("moved to offset"))
            #expect(Self.command(scratch, "register-field", "big", "--type", "bytes:24").exitCode == 0)
            #expect(Self.command(scratch, "compact").output.hasPrefix("nothing to gain"))
        }
    }

    /// The way to wait on kernels where membarrier(2) refuses: it must work, though it is not taken here.
    @Test func bothGracePeriodsCanBeHad() throws {
        try Kernel.run {
            try waitForRunningPrograms()
            try updateArrayOfMaps()
        }
    }
}
