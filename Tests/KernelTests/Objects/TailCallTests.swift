// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// Programs that call each other through program arrays that their object fills (tail_calls.bpf.c).
@Suite(Kernel.required) struct TailCallTests {
    typealias Bench = AttachmentTests.Bench

    static let object = AttachmentTests.object("tail_calls")

    struct Counts: Equatable {
        var (seen, right, wrong, refused, lost): (UInt64, UInt64, UInt64, UInt64, UInt64)

        init(_ values: [UInt64]) {
            (seen, right, wrong, refused, lost) = (values[0], values[1], values[2], values[3], values[4])
        }

        static func == (one: Counts, other: Counts) -> Bool {
            (one.seen, one.right, one.wrong, one.refused, one.lost)
                == (other.seen, other.right, other.wrong, other.refused, other.lost)
        }
    }

    static func maps(_ bench: Bench, _ program: String) throws -> FilePath {
        try #require(OwnMapsTests.members(bench).first { $0.record.program == program }).folders.maps.path
    }

    static func counts(_ bench: Bench, _ program: String = "begin") throws -> Counts {
        let map = try BPFMap(pinnedAt: maps(bench, program).appending("counts"))
        return Counts(try (0..<5).map { decode(try map.values(at: $0)[0], as: UInt64.self) })
    }

    /// Numbers of the programs in the slots of an array; nil for empty ones.
    static func slots(_ map: borrowing BPFMap) -> [UInt32?] {
        (0..<map.shape.entries).map { index in (try? map.values(at: index)).map { decode($0[0], as: UInt32.self) } }
    }

    @Test func whatTheArraysNameIsLoadedAndNothingElse() throws {
        try Kernel.run {
            let bench = try ChainTests.bench()
            let run = try bench.command("attach-to-interface", "far0", "--tc", "none", "--xdp", Self.object + ":begin")
            #expect(run.output == "far0: XDP: begin attached (native)", "\(run.errors)")
            try bench.pair.send(20)
            #expect(try Self.counts(bench) == Counts([20, 20, 0, 0, 0]))

            let maps = try Self.maps(bench, "begin")
            // Neither the arrays of programs that were not loaded, nor those programs.
            #expect(
                Set(try Folder.names(in: maps)) == ["counts", "steps", "last_step", "filled_later"])
            let slots = try Self.slots(BPFMap(pinnedAt: maps.appending("steps")))
            #expect(slots[0] == nil && slots[1] != nil && slots[2] == nil)
            let users = try KernelObjects(using: [BPFMap(pinnedAt: maps.appending("counts")).id])
            #expect(users.programs.count == 3, "begin, middle and end")

            #expect(try bench.command("detach-from-interface", "far0").exitCode == 0)
            let areGone = eventually { users.programs.allSatisfy { id in (try? BPFProgram(id: id).id) == nil } }
            #expect(areGone)
        }
    }

    /// Each load has arrays of its own: the attached programs never lead to those that are to take their place.
    @Test func programsLoadedAnewCallEachOtherOnly() throws {
        try Kernel.run {
            let bench = try ChainTests.bench()
            let object = Self.object + ":begin"
            #expect(try bench.command("attach-to-interface", "far0", "--tc", "none", "--xdp", object).exitCode == 0)
            let before = try BPFMap(pinnedAt: Self.maps(bench, "begin").appending("steps"))
            let later = try BPFMap(pinnedAt: Self.maps(bench, "begin").appending("filled_later")).id
            let old = Self.slots(before)
            let traffic = BackgroundTraffic(bench.pair)
            for round in 0..<8 {
                #expect(try bench.command("register-field", "other_\(round)", "--type", "u64").exitCode == 0)
                let gone = try bench.command("unregister-field", "other_\(round)")
                #expect(gone.exitCode == 0, "\(gone.errors)")
            }
            let sent = try traffic.stop()
            let arrived = try eventually { try Self.counts(bench).seen >= sent }
            #expect(arrived)
            let counts = try Self.counts(bench)
            #expect(counts == Counts([counts.seen, counts.seen, 0, 0, 0]), "\(counts)")

            let after = try BPFMap(pinnedAt: Self.maps(bench, "begin").appending("steps"))
            #expect(after.id != before.id)
            #expect(Self.slots(before) == old, "what is on its way goes on as it began")
            #expect(Self.slots(after)[1] != old[1])
            // What others fill stays.
            #expect(try BPFMap(pinnedAt: Self.maps(bench, "begin").appending("filled_later")).id == later)
        }
    }

    @Test func aProgramThatIsReachedHandsOnToTheNextOfTheChain() throws {
        try Kernel.run {
            let bench = try ChainTests.bench()
            let object = Self.object + ":begin"
            let run = try bench.command(
                "attach-to-interface", "far0", "--tc", "none", "--xdp", object, "--xdp", ChainTests.reader)
            #expect(run.exitCode == 0, "\(run.errors)")
            try bench.pair.send(20)
            #expect(try Self.counts(bench) == Counts([20, 20, 0, 0, 0]))
            #expect(try ChainTests.counts(bench) == (20, 20))
        }
    }

    @Test func atTC() throws {
        try Kernel.run {
            let bench = try ChainTests.bench()
            let run = try bench.command(
                "attach-to-interface", "far0", "--xdp", AttachmentTests.object("bound_count"), "--tc", Self.object)
            // `check` is the only one that no array names.
            #expect(run.output.contains("far0: TC ingress: check attached"), "\(run.errors)")
            try bench.pair.send(20)
            #expect(try Self.counts(bench, "check") == Counts([0, 20, 0, 0, 0]))
            #expect(try bench.command("register-field", "other", "--type", "u64").exitCode == 0)
            #expect(try bench.command("unregister-field", "other").exitCode == 0)
            try bench.pair.send(20)
            #expect(try Self.counts(bench, "check") == Counts([0, 40, 0, 0, 0]))
        }
    }

    @Test func heldProgramsAreLoadedAnewToo() throws {
        try Kernel.run {
            let bench = try ChainTests.bench()
            let object = Self.object + ":begin"
            let held = try HeldTests.Background(
                bench, "attach-to-interface", "far0", "--no-pin", "--tc", AttachmentTests.object("bound_count"),
                "--xdp",
                object)
            let isAttached = eventually { held.output.contains("attached until") }
            #expect(isAttached, "\(held.output)")
            let before = try bench.attachedXDP()
            #expect(try bench.command("register-field", "other", "--type", "u64").exitCode == 0)
            #expect(try bench.command("unregister-field", "other").exitCode == 0)
            let isNew = try eventually { try bench.attachedXDP() != before }
            #expect(isNew, "\(held.output)")
        }
    }

    @Test func whatCannotBeIsSaid() throws {
        try Kernel.run {
            let bench = try ChainTests.bench()
            func refuse(_ object: String, _ texts: String...) throws {
                let run = try bench.command("attach-to-interface", "far0", "--tc", "none", "--xdp", object)
                #expect(run.exitCode == 65)
                for text in texts { #expect(run.errors.contains(text), "\(run.errors)") }
            }
            try refuse(
                Self.object + ":mixes",
                "mixes is SEC(\"xdp.frags\") and reaches other_kind, SEC(\"xdp\"), by a tail call")
            try refuse(Self.object, "it has 6 XDP programs: middle, end, begin, mixes, unused, other_kind")
            try refuse(
                AttachmentTests.object("pinned_calls"),
                "its program array shared_steps is filled by the object and pinned")
            #expect(!Folder.exists("/sys/fs/bpf/shared_steps"))
        }
    }
}
