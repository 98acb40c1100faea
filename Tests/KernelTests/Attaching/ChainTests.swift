// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import PktmetaABI
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// Several XDP programs on one interface.
@Suite(Kernel.required) struct ChainTests {
    typealias Bench = AttachmentTests.Bench

    static let stamp = AttachmentTests.object("sharing_xdp")
    static let object = AttachmentTests.object("chain_xdp")
    static let reader = object + ":reader"

    static func bench() throws -> Bench {
        let bench = try Bench()
        #expect(try bench.command("register-field", "shared", "--type", "u32").exitCode == 0)
        return bench
    }

    static func attach(_ bench: Bench, _ arguments: String...) throws -> CommandRun {
        try bench.pair.inReceiver {
            CommandRun(
                ["attach-to-interface", "far0", "--tc", "none", "--registry", bench.scratch.path.string] + arguments)
        }
    }

    /// The names of the chain's programs, in order.
    static func chain(_ bench: Bench) throws -> [String] {
        let attachments = try AttachmentStore(of: bench.scratch.path).attachments()
        return attachments.flatMap(\.members).map(\.record.program)
    }

    /// Packets that reached a program of chain_xdp.bpf.c, and those that carried the field.
    static func counts(_ bench: Bench, _ program: String = "reader") throws -> (all: UInt64, carrying: UInt64) {
        let attachments = try AttachmentStore(of: bench.scratch.path).attachments()
        let member = try #require(attachments.flatMap(\.members).first { $0.record.program == program })
        let map = try BPFMap(pinnedAt: member.folders.maps.appending("packets"))
        let values = try (0..<2).map { decode(try map.values(at: $0)[0], as: UInt64.self) }
        return (values[0], values[1])
    }

    @Test func applicationsThatNeverMetShareAFieldAndAnInterface() throws {
        try Kernel.run {
            let bench = try Self.bench()
            let both = try Self.attach(bench, "--xdp", Self.stamp, "--xdp", Self.reader)
            #expect(
                both.output == "far0: XDP: stamp attached (native)\nfar0: XDP: reader attached (native)",
                "\(both.errors)")
            try bench.pair.send(100)
            #expect(try Self.counts(bench) == (100, 100))
            let again = try Self.attach(bench, "--xdp", Self.stamp, "--xdp", Self.reader)
            #expect(again.output == "far0: XDP: stamp unchanged (native)\nfar0: XDP: reader unchanged (native)")
        }
    }

    /// Two applications may call their objects the same.
    @Test func objectsOfOneNameInTwoFoldersAreTwo() throws {
        try Kernel.run {
            let bench = try Self.bench()
            let folders = try [ScratchFolder(), ScratchFolder()]
            for folder in folders {
                _ = try folder.write(Fixture.bytes(Fixture.object("sharing_xdp")), as: "app.o")
                let outcome = try bench.pair.inReceiver {
                    try ChildProcess.run([
                        "sh", "-c",
                        "cd \(folder.path) && \(Fixture.command) attach-to-interface far0 --join"
                            + " --tc none --xdp app.o --registry \(bench.scratch.path)",
                    ])
                }
                #expect(outcome.status == 0, "\(outcome.output)")
            }
            #expect(try Self.chain(bench) == ["stamp", "stamp"])
            let both = try bench.command("detach-from-interface", "far0", "--program", "app.o")
            #expect(both.exitCode == 64)
            let first = "\(folders[0].path)/app.o"
            #expect(try bench.command("detach-from-interface", "far0", "--program", first).exitCode == 0)
            #expect(try Self.chain(bench) == ["stamp"])
        }
    }

    @Test func theOrderIsTheOneGiven() throws {
        try Kernel.run {
            let bench = try Self.bench()
            _ = try Self.attach(bench, "--xdp", Self.stamp, "--xdp", Self.reader)
            try bench.pair.send(10)
            let turned = try Self.attach(bench, "--xdp", Self.reader, "--xdp", Self.stamp)
            #expect(turned.output == "far0: XDP: reader moved (native)\nfar0: XDP: stamp moved (native)")
            try bench.pair.send(10)
            // It now runs before the field is set, and has kept its counts.
            #expect(try Self.counts(bench) == (20, 10))

            // Of one that joins anew, it alone is said to have moved.
            let last = try Self.attach(bench, "--xdp", Self.reader, "--join", "--last")
            #expect(last.output == "far0: XDP: stamp unchanged (native)\nfar0: XDP: reader moved (native)")
            let again = try Self.attach(bench, "--xdp", Self.reader, "--join", "--last")
            #expect(again.output == "far0: XDP: stamp unchanged (native)\nfar0: XDP: reader unchanged (native)")
        }
    }

    /// Each that has something to do with it, wherever in a chain; one detached after the other frees it.
    @Test func membersOfAChainAreNamedAsUsersOfAField() throws {
        try Kernel.run {
            let bench = try Self.bench()
            let object = AttachmentTests.object("entry_calls")
            let attached = try Self.attach(bench, "--xdp", object + ":idle", "--xdp", Self.stamp)
            #expect(attached.exitCode == 0, "\(attached.errors)")
            func refusal() throws -> String { try bench.command("unregister-field", "shared").errors }
            let both = try refusal()
            #expect(both.contains("program stamp on far0 (XDP) uses it"), "\(both)")
            #expect(both.contains("program idle on far0 (XDP) declares it"), "\(both)")
            _ = try bench.command("detach-from-interface", "far0", "--program", "stamp")
            let declaring = try refusal()
            #expect(!declaring.contains("stamp") && declaring.contains("idle on far0"), "\(declaring)")
            _ = try bench.command("detach-from-interface", "far0")
            #expect(try bench.command("unregister-field", "shared").exitCode == 0)
        }
    }

    @Test func programsJoinAndLeave() throws {
        try Kernel.run {
            let bench = try Self.bench()
            _ = try Self.attach(bench, "--xdp", "prebuilt")
            #expect(try Self.attach(bench, "--join", "--xdp", Self.reader).exitCode == 0)
            #expect(try Self.chain(bench) == ["producer", "reader"])
            let before = try Self.attach(bench, "--join", "--before", "reader", "--xdp", Self.stamp)
            #expect(
                before.output == """
                    far0: XDP: producer unchanged (native)
                    far0: XDP: stamp attached (native)
                    far0: XDP: reader unchanged (native)
                    """, "\(before.errors)")
            try bench.pair.send(10)
            #expect(try Self.counts(bench) == (10, 10))

            let moved = try Self.attach(bench, "--join", "--first", "--xdp", Self.reader)
            #expect(moved.exitCode == 0, "\(moved.errors)")
            #expect(try Self.chain(bench) == ["reader", "producer", "stamp"])

            let left = try bench.command("detach-from-interface", "far0", "--program", "producer")
            #expect(left.output == "far0: XDP: producer detached (native)", "\(left.errors)")
            #expect(try Self.chain(bench) == ["reader", "stamp"])
            try bench.pair.send(10)
            #expect(try Self.counts(bench) == (20, 10))

            let unknown = try bench.command("detach-from-interface", "far0", "--program", "nosuch")
            #expect(unknown.exitCode == 66)
            #expect(unknown.errors.contains("has no program nosuch attached"), "\(unknown.errors)")
            let all = try bench.command(
                "detach-from-interface", "far0", "--program", "reader", "--program", "stamp")
            #expect(all.exitCode == 0)
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
            #expect(try bench.attachedXDP() == nil)
        }
    }

    @Test func aVerdictOtherThanPassIsFinal() throws {
        try Kernel.run {
            let bench = try Self.bench()
            let run = try Self.attach(bench, "--xdp", Self.object + ":dropper", "--xdp", Self.reader)
            #expect(run.exitCode == 0, "\(run.errors)")
            try bench.pair.send(10)
            #expect(try Self.counts(bench).all == 0)
        }
    }

    /// Every packet meets every program that is in the chain all along, whatever joins, leaves or moves.
    @Test(arguments: ["native", "generic"])
    func changesMissNoPacket(mode: String) throws {
        try Kernel.run {
            let bench = try Self.bench()
            _ = try Self.attach(bench, "--mode", mode, "--xdp", Self.stamp, "--xdp", Self.reader)
            let traffic = BackgroundTraffic(bench.pair)
            for round in 0..<8 {
                for arguments in [
                    ["--xdp", "prebuilt", "--xdp", Self.stamp, "--xdp", Self.reader],
                    ["--xdp", Self.stamp, "--xdp", Self.reader, "--xdp", "prebuilt"],
                    ["--xdp", Self.stamp, "--xdp", Self.reader],
                ] {
                    let run = try bench.pair.inReceiver {
                        CommandRun(
                            ["attach-to-interface", "far0", "--tc", "none", "--registry", bench.scratch.path.string]
                                + arguments)
                    }
                    #expect(run.exitCode == 0, "\(run.errors)")
                }
                // Programs that bind fields are loaded anew, too.
                #expect(try bench.command("register-field", "other_\(round)", "--type", "u8").exitCode == 0)
                #expect(try bench.command("unregister-field", "other_\(round)").exitCode == 0)
            }
            let sent = try traffic.stop()
            #expect(sent > 1000)
            let counts = try Self.counts(bench)
            #expect(counts == (sent, sent))
        }
    }

    @Test func whatCannotBeAChainIsRefused() throws {
        try Kernel.run {
            let bench = try Self.bench()
            func refuse(_ arguments: [String], _ exitCode: Int32, _ texts: String...) throws {
                let pins = bench.scratch.pins
                let attached = try bench.attachedXDP()
                let run = try bench.pair.inReceiver {
                    CommandRun(
                        ["attach-to-interface", "far0", "--tc", "none", "--registry", bench.scratch.path.string]
                            + arguments)
                }
                #expect(run.exitCode == exitCode, "\(run.output)")
                for text in texts { #expect(run.errors.contains(text), "\(run.errors)") }
                #expect(bench.scratch.pins == pins)
                #expect(try bench.attachedXDP() == attached)
            }
            for _ in 0..<2 {
                try refuse(
                    ["--xdp", Self.object + ":last", "--xdp", Self.stamp], 65,
                    "last does not end in pktmeta_next(), so stamp would never run behind it", "Put last last")
                try refuse(
                    ["--xdp", Self.stamp, "--xdp", Self.object + ":plain"], 65,
                    "plain is SEC(\"xdp\"), stamp SEC(\"xdp.frags\")")
                try refuse(["--xdp", Self.stamp, "--xdp", Self.stamp], 64, "is named twice")
                _ = try Self.attach(bench, "--xdp", Self.stamp)
            }
            try refuse(
                ["--join", "--xdp", Self.reader, "--before", "nosuch"], 66, "has no program nosuch", "sharing_xdp")
            try refuse(["--mode", "generic"], 73, "stamp is attached to it in native mode")
            try refuse(["--xdp", "none", "--xdp", Self.stamp], 64, "--xdp none goes with no other")
            try refuse(["--xdp", Self.stamp, "--first"], 64, "takes --join")
            try refuse(["--join", "--xdp", Self.reader, "--first", "--last"], 64, "Only one of")
        }
    }

    /// The kernel does not say that it has not run a program.
    @Test func asManyAsThePacketGetsTo() throws {
        try Kernel.run {
            let bench = try Self.bench()
            let folder = try ScratchFolder()
            let bytes = try Fixture.bytes(Fixture.object("chain_xdp"))
            let copies = try (0..<34).map { try folder.write(bytes, as: "copy\($0).bpf.o").string + ":reader" }
            func attach(_ objects: [String], _ options: String...) throws -> CommandRun {
                let arguments = ["attach-to-interface", "far0", "--tc", "none"] + options
                return try bench.pair.inReceiver {
                    CommandRun(
                        arguments + objects.flatMap { ["--xdp", $0] } + ["--registry", bench.scratch.path.string])
                }
            }
            let most = try attach(Array(copies.prefix(33)))
            #expect(most.exitCode == 0, "\(most.errors)")
            try bench.pair.send(10)
            let store = try AttachmentStore(of: bench.scratch.path)
            let last = try #require(try store.attachments().first?.members.last)
            let map = try BPFMap(pinnedAt: last.folders.maps.appending("packets"))
            let arrived = try eventually { decode(try map.values(at: 0)[0], as: UInt64.self) == 10 }
            #expect(arrived)

            let pins = bench.scratch.pins
            for run in [try attach(copies), try attach(Array(copies.suffix(1)), "--join")] {
                #expect(run.exitCode == 69)
                #expect(
                    run.errors.contains(
                        "34 programs would share its XDP hook, and the kernel lets a packet pass through 33"))
                #expect(bench.scratch.pins == pins)
            }
        }
    }

    /// In generic mode programs are loaded without fragments, so a plain one goes with the others.
    @Test func genericModeTakesBothKinds() throws {
        try Kernel.run {
            let bench = try Self.bench()
            let run = try Self.attach(
                bench, "--mode", "generic", "--xdp", Self.stamp, "--xdp", Self.object + ":plain")
            #expect(run.exitCode == 0, "\(run.errors)")
            try bench.pair.send(10)
            #expect(try Self.counts(bench, "plain") == (10, 10))
        }
    }

    /// The kernel has no program that asks a driver in a PROG_ARRAY: in a chain the producer asks none.
    @Test func aChainHasNoHardwareFields() throws {
        try Kernel.run {
            let bench = try Self.bench()
            let reason = "far0 cannot fill rx_hash: several programs share its XDP hook"
            let register = ["register-field", "rx_hash", "--type", "u32", "--source", "rx-hash"]
            _ = try Self.attach(bench, "--xdp", "prebuilt", "--xdp", Self.reader)
            let registered = try HardwareTests.command(bench, register)
            #expect(registered.exitCode == 0)
            #expect(registered.errors == "note: far0 cannot fill rx_hash: it is not set there")

            // Alone it asks.
            let alone = try Self.attach(bench, "--xdp", "prebuilt")
            #expect(alone.output.hasPrefix("far0: XDP: producer replaced (native)"), "\(alone.output)")
            #expect(try HardwareTests.command(bench, register).errors == "")
            // Joined by another it asks no more, and says so.
            let joining = try Self.attach(bench, "--join", "--xdp", Self.reader)
            #expect(joining.exitCode == 0 && joining.output.contains(reason), "\(joining.output) \(joining.errors)")
            #expect(try Self.chain(bench) == ["producer", "reader"])
            #expect(
                try HardwareTests.command(bench, register).errors
                    == "note: far0 cannot fill rx_hash: it is not set there")
            _ = try bench.command("detach-from-interface", "far0")
            let chain = try Self.attach(bench, "--xdp", "prebuilt", "--xdp", Self.reader)
            #expect(chain.exitCode == 0 && chain.output.contains(reason), "\(chain.output)")
        }
    }

    /// A replacement's programs are pinned, and the link updated or not, when the process dies.
    @Test(arguments: [false, true])
    func aKilledReplacementIsFinished(isAttached: Bool) throws {
        try Kernel.run {
            let bench = try Self.bench()
            _ = try Self.attach(bench, "--xdp", Self.stamp, "--xdp", Self.reader)
            let store = try AttachmentStore(of: bench.scratch.path)
            let attachment = try #require(try store.attachments().first)
            let registry = try Registry.open(at: bench.scratch.path, for: .write)
            let attacher = try bench.pair.inReceiver {
                try Attacher(
                    HookInterface(NetworkInterface(named: "far0"), netns: nil), programs: CommandPrograms(),
                    action: .attach(to: ["far0"]))
            }
            let first = attachment.members[0]
            let chain = try attacher.loader(.xdp, attachment.record.mode, isAttached: true).load(
                [attacher.programs.entry(first, for: registry.image())], in: registry)
            let record = first.record.renewed(as: chain.members[0])
            try store.swap(attachment, to: RecordedChain(chain, [record]))
            if !isAttached {
                // As it was before the link was updated.
                let folders = attachment.folders
                let old = try BPFProgram(pinnedAt: folders.next.member(0).program)
                let new = try BPFProgram(pinnedAt: folders.current.member(0).program)
                try Attachment(attachment.entry).anchor.update(to: old, replacing: new)
                try folders.current.entry.exchange(with: folders.next.entry)
            }
            #expect(try bench.command("register-field", "other", "--type", "u8").exitCode == 0)
            #expect(try Self.chain(bench) == (isAttached ? ["stamp"] : ["stamp", "reader"]))
            #expect(!bench.scratch.pins.contains { $0.contains("/next") })
        }
    }
}
