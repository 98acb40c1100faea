// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// Cursors that are handed on, that are several, and that have become old.
@Suite(Kernel.required) struct CursorTests {
    /// A registry with the fields of Tests/Programs/reports.bpf.h and its users, and programs attached to a veth pair.
    final class Bench {
        private let attached: AttachmentTests.Bench
        private let store: AttachmentStore

        init() throws {
            attached = try AttachmentTests.Bench()
            for field in [("first_field", "u32"), ("second_field", "u64"), ("flag_field", "flag")] {
                #expect(try attached.command("register-field", field.0, "--type", field.1).exitCode == 0)
            }
            store = try AttachmentStore(of: attached.scratch.path)
        }

        /// Attaches an object's `in_xdp`, and programs of it at TC in this order.
        func attach(_ name: String, _ compiler: Fixture.Compiler, tc programs: [String]) throws {
            try attach(Fixture.object(name, compiler), tc: programs)
        }

        func attach(_ object: FilePath, tc programs: [String]) throws {
            let arguments =
                ["attach-to-interface", "far0", "--xdp", "\(object):in_xdp"]
                + programs.flatMap { ["--tc", "\(object):\($0)"] } + ["--registry", attached.scratch.path.string]
            let run = try attached.pair.inReceiver { CommandRun(arguments) }
            #expect(run.exitCode == 0, "\(run.errors)")
        }

        /// What a program of a hook has reported once a packet has passed.
        func report(_ hook: Hook, by program: String, at index: Int) throws -> Report {
            let members = try store.attachments().flatMap(\.members)
            let member = try #require(members.first { $0.record.hook == hook && $0.record.program == program })
            let map = try BPFMap(pinnedAt: member.folders.maps.appending("reports"))
            return Report(try map.values(at: index)[0])
        }

        func send() throws { try attached.pair.send(1) }
    }

    /// `struct report` of Tests/Programs/reports.bpf.h.
    struct Report {
        let runs: UInt32
        let opened: Int32
        let set, got: [Int32]
        let second: UInt64
        let first, loops: UInt32
        let lastGot: Int32
        let last: UInt32
        let beforeGot: Int32
        let before: UInt32
        let againGot: [Int32]
        let againSecond: UInt64
        let againFirst: UInt32

        init(_ bytes: [UInt8]) {
            func word(_ offset: Int) -> UInt32 { decode(Array(bytes[offset...]), as: UInt32.self) }
            func errno(_ offset: Int) -> Int32 { Int32(bitPattern: word(offset)) }
            runs = word(0)
            opened = errno(4)
            set = [errno(8), errno(12)]
            got = [errno(16), errno(20)]
            second = decode(Array(bytes[24...]), as: UInt64.self)
            (first, loops) = (word(32), word(36))
            (lastGot, last) = (errno(40), word(44))
            (beforeGot, before) = (errno(48), word(52))
            againGot = [errno(56), errno(60)]
            againSecond = decode(Array(bytes[64...]), as: UInt64.self)
            againFirst = word(72)
        }
    }

    private static let noEntry: Int32 = -2
    private static let fault: Int32 = -14

    /// By a static function, by a callback of a loop: both hooks.
    @Test(arguments: Fixture.Compiler.allCases)
    func functionsTakeCursors(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.attach("functions", compiler, tc: ["in_tc"])
            try bench.send()
            for (hook, program, index) in [(Hook.xdp, "in_xdp", 0), (.tcIngress, "in_tc", 1)] {
                let report = try bench.report(hook, by: program, at: index)
                #expect(report.runs == 1)
                #expect(report.opened == 0)
                #expect(report.set == [0, 0] && report.got == [0, 0], "\(report)")
                #expect(report.first == 0xdead_beef && report.second == 0x1122_3344_5566_7788, "\(report)")
                #expect(report.loops == 3 && report.lastGot == 0 && report.last == 2, "\(report)")
            }
            let atTC = try bench.report(.tcIngress, by: "in_tc", at: 1)
            #expect(atTC.beforeGot == 0 && atTC.before == 2, "what XDP left")
        }
    }

    static let instructions = ["v1", "v2", "v3"].flatMap { set in Fixture.Compiler.allCases.map { ($0, set) } }

    /// Compilers that may use 64-bit instructions only must not take a packet pointer's load and its widening apart.
    @Test(arguments: instructions)
    func cursorsGoOnBehindAWrite(compiler: Fixture.Compiler, instructions: String) throws {
        try Kernel.run {
            let folder = try ScratchFolder()
            let object = try compiler.compile(Fixture.source("written.bpf.c"), in: folder, instructions: instructions)
            let bench = try Bench()
            try bench.attach(object, tc: ["in_tc", "in_tc_by_id"])
            try bench.send()
            for (hook, program, index) in [(Hook.xdp, "in_xdp", 0), (.tcIngress, "in_tc", 1)] {
                let report = try bench.report(hook, by: program, at: index)
                #expect(report.runs == 1)
                #expect(report.opened == 0)
                #expect(report.set == [0, 0] && report.got == [0, 0] && report.againGot == [0, 0], "\(report)")
                #expect(report.first == 0xdead_beef && report.second == 0x1122_3344_5566_7788, "\(report)")
                #expect(report.lastGot == Self.noEntry && report.loops == 2, "\(report)")
            }
            let atTC = try bench.report(.tcIngress, by: "in_tc", at: 1)
            #expect(atTC.beforeGot == 0 && atTC.before == 7, "what XDP left")
        }
    }

    struct Cursors: Sendable {
        let object: String
        /// Whether a write leaves the other cursor's pointers, so that it may go on getting.
        let sees: Bool
    }

    static let cursors = [("cursors", false), ("cursors_stored", true)].flatMap { object, sees in
        Fixture.Compiler.allCases.map { (Cursors(object: object, sees: sees), $0) }
    }

    /// Each write is based on the header as it is, not as a cursor once found it.
    @Test(arguments: cursors)
    func whatSeveralCursorsSetStays(cursors: Cursors, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.attach(cursors.object, compiler, tc: ["in_tc"])
            try bench.send()
            let report = try bench.report(.tcIngress, by: "in_tc", at: 1)
            #expect(report.runs == 1)
            #expect(report.beforeGot == 0 && report.before == 1, "what one clears is cleared, what the other set stays")
            #expect(report.opened == 0 && report.set == [0, 0] && report.lastGot == 0, "\(report)")
            #expect(report.againGot == [0, 0], "\(report)")
            #expect(report.againFirst == 7 && report.againSecond == 0x1122_3344_5566_7788, "\(report)")
            #expect(report.loops == 2, "the flag that a function set behind their backs")
            if cursors.sees {
                #expect(report.got == [0, 0] && report.first == 7, "\(report)")
                #expect(report.second == 0x1122_3344_5566_7788, "\(report)")
            }
        }
    }

    /// A way to move a packet between open and a write, and whether the packet is then moved back.
    enum Move: String, CaseIterable {
        case vlanTags = "by_vlan_tags"
        case room = "by_room"
        case head = "by_head"
    }

    static let moves = Move.allCases.flatMap { move in Fixture.Compiler.allCases.map { (move, $0) } }

    /// The verifier sees no packet pointer in a write through a dynptr, so it lets an old cursor through.
    @Test(arguments: moves)
    func anOldCursorWritesNothing(move: Move, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.attach("moved_tc", compiler, tc: [move.rawValue, "look"])
            try bench.send()
            let report = try bench.report(.tcIngress, by: move.rawValue, at: 1)
            #expect(report.runs == 1)
            #expect(report.opened == 0)
            #expect(report.loops == 2, "the packet was moved, and moved back")
            #expect(report.set == [Self.fault, Self.fault], "\(report)")
            #expect(report.got == [Self.fault, Self.fault], "clear too")
            let seen = try bench.report(.tcIngress, by: "look", at: 0)
            switch move {
            case .head: #expect(seen.opened == Self.fault, "nothing moves the packet back")
            case .vlanTags: #expect(seen.opened == Self.fault, "a tag of 4 bytes has lain on the stamp")
            case .room:
                #expect(seen.opened == 0 && seen.got == [0, 0], "\(seen)")
                #expect(seen.first == 1 && seen.second == 2, "as XDP set them")
            }
        }
    }
}
