// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Foundation
import Glibc
import Linux
import SystemPackage
import TestSupport
import Testbed
import Testing

@testable import PacketMetadata

/// Nothing is removed, and nothing let go of, outside a BPF file system, through a symbolic link, or across a mount.
@Suite(Kernel.required) struct HostileFolderTests {
    static let writing = [
        ["delete-registry", "--force"], ["repair"], ["compact"], ["reset-state"],
        ["register-field", "fresh", "--type", "u8"],
        ["create-registry"], ["unregister-field", "seven"], ["attach-to-interface", "lo"],
        ["detach-from-interface", "lo"],
    ]

    static func run(_ arguments: [String], _ path: FilePath) -> CommandRun {
        CommandRun(arguments + ["--registry", path.string])
    }

    /// A registry with an attachment, and what is pinned for it.
    static func victim(_ pair: VethPair) throws -> (scratch: ScratchRegistry, pins: [String]) {
        let scratch = ScratchRegistry()
        try pair.inReceiver {
            for command in [
                ["register-field", "seven", "--type", "u32", "--source", "constant:7"],
                ["attach-to-interface", VethPair.far],
            ] {
                let run = Self.run(command, scratch.path)
                #expect(run.exitCode == 0, "\(run.errors)")
            }
        }
        return (scratch, scratch.pins)
    }

    static func link(_ path: FilePath, to target: FilePath) throws {
        try #require(symlink(target.string, path.string) == 0)
    }

    static func makeFolders(_ names: String..., in folder: FilePath) throws -> FilePath {
        var path = folder
        for name in names {
            path.append(name)
            try #require(mkdir(path.string, 0o700) == 0 || errno == EEXIST)
        }
        return path
    }

    // MARK: Outside a BPF file system

    @Test func ordinaryFilesStay() throws {
        try Kernel.run {
            let folder = try ScratchFolder()
            for name in ["state", "registry", "lock"] { _ = try folder.write([1], as: name) }
            let maps = try Self.makeFolders("attachments", "tmp-1", "current", "0", "maps", in: folder.path)
            try Data([1]).write(to: URL(fileURLWithPath: maps.appending("precious").string))
            let before = try FileManager.default.subpathsOfDirectory(atPath: folder.path.string).sorted()
            for command in Self.writing {
                let run = Self.run(command, folder.path)
                #expect(run.exitCode == 65, "\(command): \(run.errors)")
                #expect(run.errors.contains("is not in a BPF file system"), "\(command): \(run.errors)")
            }
            #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path.string).sorted() == before)
        }
    }

    // MARK: Symbolic links

    /// On the way to the registry: of its folder, or of one above.
    @Test(arguments: [true, false])
    func theWayLeadsThroughNoLink(_ isLast: Bool) throws {
        try Kernel.run {
            let pair = try VethPair()
            let (victim, pins) = try Self.victim(pair)
            let folder = try ScratchFolder()
            let link = folder.path.appending("link")
            try Self.link(link, to: isLast ? victim.path : victim.path.removingLastComponent())
            let path = isLast ? link : link.appending(victim.path.lastComponent!.string)
            for command in Self.writing {
                let run = Self.run(command, path)
                #expect(run.exitCode == 65, "\(command): \(run.errors)")
                #expect(run.errors.contains("leads through a symbolic link (ELOOP)"), "\(command): \(run.errors)")
                #expect(run.errors.contains("--registry \(victim.path)"), "\(command): \(run.errors)")
            }
            #expect(victim.pins == pins)
            // Reading harms nobody.
            #expect(Self.run(["inspect-map"], path).exitCode == 0)
            #expect(Self.run(["status"], path).exitCode == 0)
        }
    }

    /// In the place of each folder that is walked to be taken apart.
    @Test(arguments: [
        ["attachments"], ["attachments", "tmp-1"], ["attachments", "tmp-1", "current"],
        ["attachments", "tmp-1", "current", "0"], ["attachments", "tmp-1", "current", "0", "maps"],
        ["attachments", "tmp-1", "next", "0", "maps"], ["attachments", "tmp-1", "previous"],
    ])
    func aWalkFollowsNoLink(_ names: [String]) throws {
        try Kernel.run {
            let pair = try VethPair()
            let (victim, pins) = try Self.victim(pair)
            // Whatever the link stands for, its target looks like it.
            let attachment = victim.path.appending("attachments").appending(
                try #require(
                    pins.first { $0.hasPrefix("attachments/") && !$0.dropFirst(12).contains("/") }?.dropFirst(12)
                )
                .description)
            let targets: [Int: FilePath] = [
                1: victim.path.appending("attachments"), 2: attachment, 3: attachment.appending("current"),
                4: attachment.appending("current").appending("0"), 5: victim.path,
            ]
            let hostile = ScratchRegistry()
            _ = try Registry.openOrCreate(at: hostile.path)
            var folder = hostile.path
            if names.count == 1 { try #require(rmdir(folder.appending("attachments").string) == 0) }
            for name in names.dropLast() { folder = try Self.makeFolders(name, in: folder) }
            try Self.link(folder.appending(names.last!), to: targets[names.count]!)

            let repair = Self.run(["repair"], hostile.path)
            if names.count == 1 {
                #expect(repair.exitCode == 65 && repair.errors.contains("is a symbolic link"), "\(repair.errors)")
            } else {
                // The link goes, and nothing behind it.
                #expect(repair.exitCode == 0, "\(repair.errors)")
                #expect(hostile.pins == ScratchRegistry.partsOfEmpty)
            }
            #expect(Self.run(["delete-registry", "--force"], hostile.path).exitCode == 0)
            #expect(!Folder.exists(hostile.path))
            #expect(victim.pins == pins)
            #expect(
                try pair.inReceiver {
                    try Hook.xdp.programIDs(ifindex: NetworkInterface(named: VethPair.far).index).first
                }
                    != nil)
        }
    }

    /// A pin that is a link to somebody else's is not opened: detaching it would detach the other's program.
    @Test func aPinIsNoLink() throws {
        try Kernel.run {
            let pair = try VethPair()
            let (victim, pins) = try Self.victim(pair)
            let pin = try #require(pins.first { $0.hasSuffix("/link") && $0.contains("-xdp") })
            for place in [["attachments", "tmp-1"], ["attachments", "1-2-xdp-0"]] {
                let hostile = ScratchRegistry()
                _ = try Registry.openOrCreate(at: hostile.path)
                let folder = try Self.makeFolders(place[0], place[1], in: hostile.path)
                try Self.link(folder.appending("link"), to: victim.path.appending(pin))
                for command in [["repair"], ["delete-registry", "--force"]] { _ = Self.run(command, hostile.path) }
                let link = try BPFLink(pinnedAt: victim.path.appending(pin))
                #expect(try link.information.ifindex != 0, "\(place): it is attached")
                unlink(folder.appending("link").string)
                rmdir(folder.string)
            }
            // Nor are the registry's own two.
            for name in ["registry", "state"] {
                let hostile = ScratchRegistry()
                _ = try Registry.openOrCreate(at: hostile.path)
                try #require(unlink(hostile.path.appending(name).string) == 0)
                try Self.link(hostile.path.appending(name), to: victim.path.appending(name))
                for command in [["inspect-map"], ["register-field", "fresh", "--type", "u8"]] {
                    let run = Self.run(command, hostile.path)
                    #expect(run.exitCode == 65, "\(command): \(run.errors)")
                    #expect(run.errors.contains("is a symbolic link, and no pin (ELOOP)"), "\(run.errors)")
                }
            }
            #expect(victim.pins == pins)
        }
    }

    /// A link in the registry's own folder goes as itself.
    @Test func aLinkIsRemovedItself() throws {
        try Kernel.run {
            let pair = try VethPair()
            let (victim, pins) = try Self.victim(pair)
            let hostile = ScratchRegistry()
            _ = try Registry.openOrCreate(at: hostile.path)
            let maps = try Self.makeFolders("attachments", "tmp-1", "current", "0", "maps", in: hostile.path)
            try Self.link(maps.appending("counts"), to: victim.path.appending("registry"))
            let run = Self.run(["delete-registry", "--force"], hostile.path)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(!Folder.exists(hostile.path))
            #expect(victim.pins == pins)
        }
    }

    /// In a folder like /tmp, whoever comes first can put a link where somebody's export will go.
    @Test func anExportFollowsNoLinkThatOthersPut() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            _ = try Registry.openOrCreate(at: scratch.path)
            let (shared, own) = (try ScratchFolder(), try ScratchFolder())
            try #require(chmod(shared.path.string, 0o1777) == 0)
            let victim = try own.write([1, 2, 3], as: "victim")
            let link = shared.path.appending("fields.btf")
            try Self.link(link, to: victim)
            func export(to path: FilePath) -> CommandRun { Self.run(["export-btf", path.string], scratch.path) }

            try #require(lchown(link.string, OtherUser.id, OtherUser.id) == 0)
            // Also at the end of a link of one's own.
            let first = own.path.appending("first")
            try Self.link(first, to: link)
            for path in [link, first] {
                let run = export(to: path)
                #expect(run.exitCode == 77)
                #expect(run.errors.contains("(EACCES)"), "\(run.errors)")
                #expect(try Fixture.bytes(victim) == [1, 2, 3])
            }
            try #require(lchown(link.string, 0, 0) == 0)
            #expect(export(to: first).exitCode == 0)
            #expect(try Fixture.bytes(victim).count > 3)
        }
    }

    /// What demo and bench left when they were killed goes by its name, which anyone may give a link or a folder.
    @Test func leftoversOfOthersStay() throws {
        try Kernel.run {
            let pair = try VethPair()
            let (victim, pins) = try Self.victim(pair)
            let purpose = "hostile-\(ProcessID.current)"
            // No process has that number: they end at 2^22.
            let place = victim.path.removingLastComponent().appending("pktmeta-\(purpose)-99999999")
            try Self.link(place, to: victim.path)
            TemporaryRegistry.removeAbandoned(for: purpose)
            #expect(victim.pins == pins)
            try #require(unlink(place.string) == 0)

            try #require(mkdir(place.string, 0o700) == 0)
            try BPFMap(creating: "theirs", .init(kind: .array, valueSize: 4, entries: 1)).pin(
                at: place.appending("theirs"))
            try #require(chown(place.string, OtherUser.id, OtherUser.id) == 0)
            TemporaryRegistry.removeAbandoned(for: purpose)
            #expect(try Folder.names(in: place) == ["theirs"])
            try #require(chown(place.string, 0, 0) == 0)
            TemporaryRegistry.removeAbandoned(for: purpose)
            #expect(!Folder.exists(place))
        }
    }

    // MARK: Mounts

    @Test(arguments: ["attachments/tmp-1", "attachments/tmp-1/current/0/maps"])
    func aWalkStaysInItsMount(_ name: String) throws {
        try Kernel.run {
            let pair = try VethPair()
            let (victim, pins) = try Self.victim(pair)
            let hostile = ScratchRegistry()
            _ = try Registry.openOrCreate(at: hostile.path)
            let script = """
                mkdir -p \(hostile.path)/\(name)
                mount --bind \(victim.path) \(hostile.path)/\(name)
                \(Fixture.command) repair --registry \(hostile.path)
                \(Fixture.command) delete-registry --force --registry \(hostile.path)
                """
            let outcome = try ChildProcess.run([
                "unshare", "--mount", "--propagation", "private", "sh", "-c", script,
            ])
            #expect(outcome.status != 0)
            #expect(outcome.output.contains("(EXDEV)") || outcome.output.contains("(EBUSY)"), "\(outcome.output)")
            #expect(victim.pins == pins)
        }
    }

    // MARK: Names

    @Test(arguments: ["..", ".", "", "a/b", "../x"])
    func whatIsNoName(_ name: String) throws {
        let folder = try ScratchFolder()
        let entry = try FolderEntry(following: folder.path).appending(name)
        #expect(throws: Errno.invalidArgument) { try entry.exists() }
        #expect(throws: Errno.invalidArgument) { try entry.unlink() }
        #expect(throws: Errno.invalidArgument) { try entry.makeFolder() }
        #expect(throws: Errno.invalidArgument) { try entry.appending("below").exists() }
    }
}
