// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// Maps of the user's own, of each kind: kept as their program is loaded anew, with keys and values or without.
@Suite(Kernel.required) struct OwnMapsTests {
    typealias Bench = AttachmentTests.Bench

    static let object = AttachmentTests.object("own_maps")

    /// Of the maps that are pinned beside the attached programs, by program and name.
    static func mapIDs(_ bench: Bench) throws -> [String: UInt32] {
        var ids: [String: UInt32] = [:]
        for member in try members(bench) {
            for name in try member.folders.maps.contents() {
                ids["\(member.record.program) \(name)"] = try BPFMap(pinnedAt: member.folders.maps.appending(name)).id
            }
        }
        return ids
    }

    static func members(_ bench: Bench) throws -> [PacketMetadata.Attachment.Member] {
        try AttachmentStore(of: bench.scratch.path).attachments().flatMap(\.members)
    }

    @Test func allKindsOutliveChangesOfTheRegistryAndOfTheChain() throws {
        try Kernel.run {
            let bench = try ChainTests.bench()
            let attached = try bench.command("attach-to-interface", "far0", "--xdp", Self.object, "--tc", Self.object)
            #expect(attached.exitCode == 0, "\(attached.errors)")
            let ids = try Self.mapIDs(bench)
            #expect(ids.count == 2 * 32, "\(ids.keys.sorted())")
            try bench.pair.send(10)

            for arguments in [
                ["register-field", "other", "--type", "u64"], ["unregister-field", "other"], ["compact"],
                ["attach-to-interface", "far0", "--join", "--tc", "none", "--xdp", ChainTests.reader],
                ["detach-from-interface", "far0", "--program", "reader"], ["repair"],
            ] {
                let run = try bench.pair.inReceiver {
                    CommandRun(arguments + ["--registry", bench.scratch.path.string])
                }
                #expect(run.exitCode == 0, "\(arguments): \(run.errors)")
                #expect(try Self.mapIDs(bench).filter { !$0.key.hasPrefix("reader") } == ids, "\(arguments)")
            }
            try bench.pair.send(10)
            for member in try Self.members(bench) {
                let map = try BPFMap(pinnedAt: member.folders.maps.appending("array"))
                #expect(decode(try map.values(at: 0)[0], as: UInt64.self) == 20, "\(member.record.program)")
            }
            let status = try bench.command("status")
            #expect(status.exitCode == 0 && status.output.contains("tc_keeper"), "\(status.errors)")
            let inspected = try bench.command("inspect-map")
            #expect(inspected.exitCode == 0, "\(inspected.errors)")
            #expect(try bench.command("detach-from-interface", "far0").exitCode == 0)
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
        }
    }

    /// Sections of one's own, the kernel's configuration, and a map of another kind of program, of which no notice is taken.
    @Test func whatIsBesideTheProgram() throws {
        try Kernel.run {
            let bench = try ChainTests.bench()
            let object = AttachmentTests.object("struct_ops")
            let run = try bench.command("attach-to-interface", "far0", "--tc", "none", "--xdp", object)
            #expect(run.output == "far0: XDP: looker attached (native)", "\(run.errors)")
            try bench.pair.send(10)
            for arguments in [["register-field", "other", "--type", "u64"], ["unregister-field", "other"]] {
                let run = CommandRun(arguments + ["--registry", bench.scratch.path.string])
                #expect(run.exitCode == 0, "\(run.errors)")
            }
            try bench.pair.send(10)
            let maps = try #require(Self.members(bench).first).folders.maps
            #expect(Set(try maps.contents()) == ["+data+packets_with_a_long_name", "pktmeta+kconfig"])
            let packets = try BPFMap(pinnedAt: maps.appending("+data+packets_with_a_long_name"))
            #expect(decode(try packets.values(at: 0)[0], as: UInt64.self) == 20)
        }
    }

    /// A program or a link in a map's place is not taken for a map.
    @Test func onlyMapsAreMaps() throws {
        try Kernel.run {
            let bench = try ChainTests.bench()
            #expect(try bench.command("attach-to-interface", "far0").exitCode == 0)
            let attachments = try AttachmentStore(of: bench.scratch.path).attachments()
            let folders = try #require(attachments.first { $0.record.hook == .xdp }).folders
            for pin in [folders.link, folders.current.member(0).program] {
                let error = #expect(throws: BPFError.self) { _ = try BPFMap(pinnedAt: pin).id }
                #expect(error?.errno == .invalidArgument)
            }
        }
    }
}
