// SPDX-License-Identifier: BSD-2-Clause

import ArgumentParser
import Foundation
import Glibc
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PktmetaCommands

/// Files that commands make: whole or not at all, and nothing else in their place.
@Suite struct FileOptionsTests {
    /// Writes as a command does.
    ///
    /// - Returns: what went to the output as bytes.
    private func write(_ text: String, to path: FilePath?, isTerminal: Bool = false) throws -> [UInt8] {
        let run = Output()
        let context = Context(
            output: { _ in }, errors: { _ in }, bytes: { run.bytes += $0 }, isTerminal: isTerminal)
        let options = try FileOptions.parse(path.map { [$0.string] } ?? [])
        try options.refuseTerminal(in: context)
        try options.write(Array(text.utf8), in: context)
        return run.bytes
    }

    private final class Output: @unchecked Sendable {
        var bytes: [UInt8] = []
    }

    private func refusal(_ body: () throws -> Void) -> PacketMetadataError? {
        do { try body() } catch { return error as? PacketMetadataError }
        return nil
    }

    private func text(_ path: FilePath) throws -> String { String(decoding: try Fixture.bytes(path), as: UTF8.self) }

    @Test func aFileIsMadeAndReplaced() throws {
        let folder = try ScratchFolder()
        let file = folder.path.appending("made")
        for content in ["a longer text", "short", ""] {
            #expect(try write(content, to: file, isTerminal: true) == [])
            #expect(try text(file) == content)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path.string) == ["made"])
    }

    /// What was there stays whose it was, and as readable as it was.
    @Test(.enabled(if: geteuid() == 0, "SKIPPED: gives files away: run the tests as root"))
    func modeAndOwnerStay() throws {
        let folder = try ScratchFolder()
        for (owner, group, mode) in [(54321, 54322, 0o640), (0, 0, 0o600), (54321, 0, 0o4755)]
            as [(uid_t, gid_t, mode_t)]
        {
            let file = try folder.write(Array("old".utf8), as: "file-\(owner)-\(mode)")
            #expect(chown(file.string, owner, group) == 0 && chmod(file.string, mode) == 0)
            #expect(try write("new", to: file) == [])
            #expect(try text(file) == "new")
            var info = stat()
            #expect(stat(file.string, &info) == 0)
            #expect((info.st_uid, info.st_gid, info.st_mode & 0o7777) == (owner, group, mode))
        }
    }

    @Test func aSymbolicLinkStays() throws {
        let folder = try ScratchFolder()
        let file = try folder.write(Array("old".utf8), as: "file")
        let link = folder.path.appending("link")
        try FileManager.default.createSymbolicLink(atPath: link.string, withDestinationPath: "file")
        #expect(try write("new", to: link) == [])
        #expect(try text(file) == "new")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.string) == "file")
    }

    /// A link whose target is not there yet is not taken for the file.
    @Test func theTargetOfASymbolicLinkIsMade() throws {
        let folder = try ScratchFolder()
        let (link, other, target) = (
            folder.path.appending("link"), folder.path.appending("other"), folder.path.appending("target")
        )
        try FileManager.default.createSymbolicLink(atPath: link.string, withDestinationPath: "other")
        try FileManager.default.createSymbolicLink(atPath: other.string, withDestinationPath: target.string)
        #expect(try write("new", to: link) == [])
        #expect(try text(target) == "new")
        for (path, destination) in [(link, "other"), (other, target.string)] {
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path.string) == destination)
        }

        let (loop, nowhere) = (folder.path.appending("loop"), folder.path.appending("nowhere"))
        try FileManager.default.createSymbolicLink(atPath: loop.string, withDestinationPath: "loop")
        #expect(refusal { _ = try write("x", to: loop) }?.reason.hasSuffix("(ELOOP)") == true)
        try FileManager.default.createSymbolicLink(atPath: nowhere.string, withDestinationPath: "no-such-folder/file")
        #expect(refusal { _ = try write("x", to: nowhere) }?.reason.hasSuffix("(ENOENT)") == true)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path.string)
        #expect(names.sorted() == ["link", "loop", "nowhere", "other", "target"])
    }

    @Test func devicesAreWrittenToAndStay() throws {
        #expect(try write("x", to: "/dev/null") == [])
        let device = try FileManager.default.attributesOfItem(atPath: "/dev/null")[.type] as? FileAttributeType
        #expect(device == .typeCharacterSpecial)
        let full = refusal { _ = try write("x", to: "/dev/full") }
        #expect(full?.kind == .output)
        #expect(full?.message == "cannot write /dev/full: No space left on device (ENOSPC)")
    }

    @Test func whatCannotBeWrittenIsTold() throws {
        let folder = try ScratchFolder()
        let isFolder = refusal { _ = try write("x", to: folder.path) }
        #expect(isFolder?.kind == .taken)
        #expect(isFolder?.reason.hasSuffix("(EISDIR)") == true)
        let noFolder = refusal { _ = try write("x", to: folder.path.appending("no/such")) }
        #expect(noFolder?.kind == .notFound)
        #expect(noFolder?.reason.hasSuffix("(ENOENT)") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path.string) == [])
    }

    @Test func theOutputIsTheDefaultUnlessItIsATerminal() throws {
        #expect(try write("x", to: nil) == Array("x".utf8))
        #expect(try write("x", to: "-") == Array("x".utf8))
        for path in [nil, "-"] as [FilePath?] {
            let refused = refusal { _ = try write("x", to: path, isTerminal: true) }
            #expect(refused?.kind == .usage)
            #expect(refused?.reason == "it is binary, and the output is a terminal")
        }
    }

    @Test(arguments: [["--json"], ["-", "--json"], [""]])
    func wrongUsage(arguments: [String]) {
        let run = CommandRun(["export-btf"] + arguments)
        #expect(run.exitCode == 64)
        #expect(run.bytes == [])
    }
}
