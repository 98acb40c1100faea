// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import PktmetaABI
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// Several programs at TC ingress, their order, and filters where there is no TCX.
@Suite(Kernel.required) struct TCAttachmentTests {
    typealias Bench = AttachmentTests.Bench

    static let counter = AttachmentTests.object("sharing_tc") + ":read_and_count"
    static let stamper = AttachmentTests.object("sharing_tc") + ":read_stamp"

    static func attach(_ bench: Bench, _ arguments: String...) throws -> CommandRun {
        try bench.pair.inReceiver {
            CommandRun(
                ["attach-to-interface", "far0", "--registry", bench.scratch.path.string] + arguments)
        }
    }

    static func ifindex(_ bench: Bench) throws -> UInt32 {
        try bench.pair.inReceiver { try NetworkInterface(named: VethPair.far).index }
    }

    /// Names of the programs on the hook, in order.
    static func order(_ bench: Bench) throws -> [String] {
        let programs = try bench.pair.inReceiver { try TCXPrograms.query(ifindex: ifindex(bench), .ingress) }
        return try #require(programs).programs.map { try ProgramInformation(id: $0.id).name }
    }

    static func links(_ bench: Bench) throws -> [UInt32?] {
        let programs = try bench.pair.inReceiver { try TCXPrograms.query(ifindex: ifindex(bench), .ingress) }
        return try #require(programs).programs.map(\.linkID)
    }

    static func filters(_ bench: Bench) throws -> [TCFilter.Description] {
        try bench.pair.inReceiver { try TCFilter.filters(ifindex: ifindex(bench), .ingress) }
    }

    /// Packets that read_and_count saw with the stamp.
    static func stamped(_ bench: Bench) throws -> UInt64 {
        let attachments = try AttachmentStore(of: bench.scratch.path).attachments()
        let member = try #require(attachments.flatMap(\.members).first { $0.record.program == "read_and_count" })
        return decode(try BPFMap(pinnedAt: member.folders.maps.appending("marks")).values(at: 1)[0], as: UInt64.self)
    }

    /// A program of someone else's, which lets others run.
    static func foreign(_ bench: Bench) throws -> (program: ProgramBox, link: LinkBox) {
        let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("count_tc")), name: "count")
        let program = ProgramBox(try object.load(only: "count_and_go_on"))
        let ifindex = try ifindex(bench)
        let link = try bench.pair.inReceiver {
            LinkBox(try BPFLink.tcx(program.program, ifindex: ifindex, .ingress))
        }
        return (program, link)
    }

    static func bench() throws -> Bench {
        let bench = try Bench()
        #expect(try bench.command("register-field", "shared", "--type", "u32").exitCode == 0)
        return bench
    }

    @Test func programsTakeTheirPlaceAmongOthers() throws {
        try Kernel.run {
            let bench = try Self.bench()
            let foreign = try Self.foreign(bench)
            let first = try Self.attach(bench, "--xdp", "none", "--tc", Self.stamper, "--first")
            #expect(first.output == "far0: TC ingress: read_stamp attached (tcx)", "\(first.errors)")
            #expect(try Self.order(bench) == ["read_stamp", "count_and_go_on"])
            let links = try Self.links(bench)
            let again = try Self.attach(bench, "--xdp", "none", "--tc", Self.stamper, "--first")
            #expect(again.output == "far0: TC ingress: read_stamp unchanged (tcx)")
            #expect(try Self.links(bench) == links)

            let joined = try Self.attach(
                bench, "--xdp", "none", "--tc", Self.counter, "--join", "--before", "count_and_go_on")
            #expect(joined.exitCode == 0, "\(joined.errors)")
            #expect(try Self.order(bench) == ["read_stamp", "read_and_count", "count_and_go_on"])

            let id = foreign.program.program.id
            let moved = try Self.attach(bench, "--xdp", "none", "--tc", Self.stamper, "--join", "--after", "\(id)")
            #expect(moved.output == "far0: TC ingress: read_stamp moved (tcx)", "\(moved.errors)")
            #expect(try Self.order(bench) == ["read_and_count", "count_and_go_on", "read_stamp"])

            let unknown = try Self.attach(bench, "--xdp", "none", "--tc", Self.stamper, "--join", "--before", "nosuch")
            #expect(unknown.exitCode == 66)
            #expect(unknown.errors.contains("It has read_and_count (id "), "\(unknown.errors)")
            #expect(try Self.order(bench) == ["read_and_count", "count_and_go_on", "read_stamp"])

            let left = try bench.command("detach-from-interface", "far0", "--program", "read_stamp")
            #expect(left.output == "far0: TC ingress: read_stamp detached (tcx)", "\(left.errors)")
            #expect(try bench.command("detach-from-interface", "far0").exitCode == 0)
            #expect(try Self.order(bench) == ["count_and_go_on"])
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
        }
    }

    /// A packet may meet the program twice in between, never not at all, and both count in the same map.
    @Test func aMovedProgramKeepsItsMapsAndMissesNoPacket() throws {
        try Kernel.run {
            let bench = try Self.bench()
            let foreign = try Self.foreign(bench)
            #expect(try Self.attach(bench, "--xdp", ChainTests.stamp, "--tc", Self.counter).exitCode == 0)
            let traffic = BackgroundTraffic(bench.pair)
            for place in ["--first", "--last", "--first", "--last", "--first"] {
                let moved = try Self.attach(bench, "--xdp", "none", "--tc", Self.counter, "--join", place)
                #expect(moved.output == "far0: TC ingress: read_and_count moved (tcx)", "\(moved.errors)")
            }
            let sent = try traffic.stop()
            #expect(sent > 0)
            let isComplete = try eventually { try Self.stamped(bench) >= sent }
            let counted = try Self.stamped(bench)
            #expect(isComplete, "\(counted) of \(sent)")
            #expect(foreign.program.program.id > 0)
        }
    }

    @Test func twoProgramsOfOneRegistryBothGetTheField() throws {
        try Kernel.run {
            let bench = try Self.bench()
            let run = try Self.attach(
                bench, "--xdp", ChainTests.stamp, "--tc", Self.stamper, "--tc", Self.counter)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(try Self.order(bench) == ["read_stamp", "read_and_count"])
            try bench.pair.send(10)
            #expect(try Self.stamped(bench) == 10)
            let one = try Self.attach(bench, "--xdp", "none", "--tc", Self.counter)
            #expect(
                one.output
                    == "far0: TC ingress: read_and_count unchanged (tcx)\nfar0: TC ingress: read_stamp detached (tcx)")
            #expect(try Self.order(bench) == ["read_and_count"])
        }
    }

    // MARK: Filters

    @Test func aFilterDoesWhatALinkDoes() throws {
        try Kernel.run {
            let bench = try Self.bench()
            let attach = { (arguments: String) throws in
                try Self.attach(bench, "--tc-mode", "clsact", "--xdp", ChainTests.stamp, "--tc", arguments)
            }
            let first = try attach(Self.counter)
            #expect(
                first.output
                    == "far0: XDP: stamp attached (native)\nfar0: TC ingress: read_and_count attached (clsact)",
                "\(first.errors)")
            try bench.pair.send(10)
            #expect(try Self.stamped(bench) == 10)
            #expect(try attach(Self.counter).output.contains("read_and_count unchanged (clsact)"))
            #expect(try Self.filters(bench).count == 1)
            #expect(try Self.order(bench).isEmpty)

            let place = try #require(try Self.filters(bench).first).place
            #expect(try attach(Self.stamper).output.contains("read_stamp replaced (clsact)"))
            #expect(try Self.filters(bench).map(\.place) == [place])
            let other = try Self.attach(bench, "--tc-mode", "tcx", "--xdp", "none", "--tc", Self.counter)
            #expect(other.exitCode == 73)
            #expect(other.errors.contains("read_stamp is attached to it by clsact"), "\(other.errors)")
            let order = try Self.attach(
                bench, "--tc-mode", "clsact", "--join", "--first", "--xdp", "none", "--tc", Self.counter)
            #expect(order.exitCode == 69, "\(order.output)")

            #expect(try bench.command("detach-from-interface", "far0").exitCode == 0)
            #expect(try Self.filters(bench).isEmpty)
            #expect(try bench.pair.inReceiver { try !ClsactQdisc.exists(ifindex: Self.ifindex(bench)) })
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
        }
    }

    @Test func filtersAndQdiscsOfOthersStay() throws {
        try Kernel.run {
            let bench = try Self.bench()
            let foreign = try Self.foreign(bench)
            try bench.pair.inReceiver {
                let added = try ChildProcess.run(["tc", "qdisc", "add", "dev", "far0", "clsact"])
                #expect(added.status == 0, "\(added.output)")
                _ = try TCFilter.attach(foreign.program.program, ifindex: Self.ifindex(bench), .ingress)
            }
            #expect(try Self.attach(bench, "--tc-mode", "clsact", "--tc", Self.counter, "--xdp", "none").exitCode == 0)
            let programs = try Self.filters(bench).map(\.programID)
            #expect(programs.count == 2)
            #expect(programs.first == foreign.program.program.id)
            #expect(try bench.command("detach-from-interface", "far0").exitCode == 0)
            #expect(try Self.filters(bench).map(\.programID) == [foreign.program.program.id])
            #expect(try bench.pair.inReceiver { try ClsactQdisc.exists(ifindex: Self.ifindex(bench)) })
        }
    }

    /// The registry changes from another namespace than the filter's, too.
    @Test func aFilterFollowsTheRegistryAndMissesNoPacket() throws {
        try Kernel.run {
            let bench = try Self.bench()
            let bound = AttachmentTests.object("bound_count")
            let attached = try Self.attach(bench, "--tc-mode", "clsact", "--xdp", bound, "--tc", bound)
            #expect(attached.exitCode == 0, "\(attached.errors)")
            let traffic = BackgroundTraffic(bench.pair)
            var programs: Set<UInt32?> = []
            for round in 0..<10 {
                programs.insert(try Self.filters(bench).first?.programID)
                for command in [
                    ["register-field", "other_\(round)", "--type", "u8"], ["unregister-field", "other_\(round)"],
                ] {
                    let run = CommandRun(command + ["--registry", bench.scratch.path.string])
                    #expect(run.exitCode == 0, "\(run.errors)")
                }
            }
            let sent = try traffic.stop()
            let counts = try RebindingTests.counts(bench)
            #expect(counts.right == sent)
            #expect(counts.wrong == 0)
            #expect(counts.refused == 0)
            #expect(programs.count == 10, "loaded anew for each generation")
            #expect(try Self.filters(bench).count == 1)
        }
    }

    @Test func aFilterThatIsGoneIsForgotten() throws {
        try Kernel.run {
            let bench = try Self.bench()
            #expect(try Self.attach(bench, "--tc-mode", "clsact", "--tc", Self.counter, "--xdp", "none").exitCode == 0)
            // As when the interface moves to another namespace, or goes.
            try bench.pair.inReceiver {
                let removed = try ChildProcess.run(["tc", "qdisc", "del", "dev", "far0", "clsact"])
                #expect(removed.status == 0, "\(removed.output)")
            }
            #expect(try bench.command("register-field", "other", "--type", "u8").exitCode == 0)
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
        }
    }

    /// A network namespace that is not found is not gone, and neither is a filter in it: from a pid namespace of its own
    /// a command sees few processes. That the interface is gone is known without finding it.
    @Test func aFilterThatIsNotFoundIsKept() throws {
        try Kernel.run {
            let bench = try Self.bench()
            #expect(try Self.attach(bench, "--tc-mode", "clsact", "--tc", Self.counter).exitCode == 0)
            let pins = bench.scratch.pins
            #expect(pins.contains { $0.hasSuffix("/witness") })
            func fromElsewhere(_ command: String...) throws -> ChildProcess.Outcome {
                try ChildProcess.run(
                    ["unshare", "--pid", "--fork", "--mount-proc", Fixture.command] + command
                        + ["--registry", bench.scratch.path.string])
            }
            let repaired = try fromElsewhere("repair")
            #expect(repaired.status == 0 && repaired.output == "nothing to repair\n", "\(repaired.output)")
            let registered = try fromElsewhere("register-field", "other", "--type", "u8")
            #expect(registered.status == 0, "\(registered.output)")
            #expect(bench.scratch.pins == pins)
            #expect(try Self.filters(bench).count == 1)
            let deleted = try fromElsewhere("delete-registry", "--force")
            #expect(deleted.status == 77, "\(deleted.output)")
            #expect(deleted.output.contains("find and enter the network namespace"), "\(deleted.output)")
            #expect(try Self.filters(bench).count == 1)

            try bench.pair.inReceiver { try VethPair.ip("link del far0") }
            #expect(try fromElsewhere("repair").output.contains("forgotten, since its interface is gone"))
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
        }
    }

    // MARK: Replacing

    /// Every packet meets the old program or the new one, never both and never none.
    @Test(arguments: ["xdp", "tcx", "clsact"])
    func replacingAHundredTimesMissesNoPacket(hook: String) throws {
        try Kernel.run {
            let bench = try Self.bench()
            let stamper = AttachmentTests.object("replaced_xdp")
            func attach(_ round: Int) throws {
                let isEven = round % 2 == 0
                let xdp = stamper + (hook == "xdp" && isEven ? ":other" : ":one")
                let tc = hook == "xdp" || isEven ? Self.counter : Self.stamper
                let run = try Self.attach(
                    bench, "--tc-mode", hook == "clsact" ? "clsact" : "auto", "--xdp", xdp, "--tc", tc)
                #expect(run.exitCode == 0, "\(run.errors)")
                #expect(round == 0 || run.output.contains("replaced"), "\(run.output)")
            }
            try attach(0)
            let traffic = BackgroundTraffic(bench.pair)
            for round in 1...100 { try attach(round) }
            let sent = try traffic.stop()
            let registry = try Registry.open(at: bench.scratch.path, for: .read)
            let field = try #require(try registry.image().field(named: FieldName("shared")))
            let state = try registry.state(of: field)
            #expect(sent > 1000)
            #expect(state.set == sent)
            #expect(state.got == sent)
        }
    }

    // MARK: Several interfaces

    @Test func severalInterfacesOrNone() throws {
        try Kernel.run {
            let bench = try Self.bench()
            try bench.pair.inReceiver { try VethPair.ip("link add name more0 type veth peer name more1") }
            let all = try bench.command("attach-to-interface", "--all")
            #expect(all.exitCode == 0, "\(all.errors)")
            #expect(all.output.split(separator: "\n").count == 6, "\(all.output)")
            #expect(!all.output.contains("lo:"))
            let gone = try bench.command("detach-from-interface", "more0", "more1")
            #expect(gone.output.split(separator: "\n").count == 4, "\(gone.output)")
            let rest = try bench.command("detach-from-interface", "--all")
            #expect(rest.output.split(separator: "\n").count == 2, "\(rest.output)")
            #expect(try bench.command("detach-from-interface", "--all").exitCode == 66)

            // The second one's hook is taken.
            let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("foreign")), name: "foreign")
            let program = try object.load(only: "foreign")
            let link = try bench.pair.inReceiver {
                try BPFLink.xdp(program, ifindex: NetworkInterface(named: "more0").index, mode: .native)
            }
            #expect(try bench.command("attach-to-interface", "far0", "more0").exitCode == 73)
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
            #expect(try bench.attachedXDP() == nil)

            // One that has programs has them still.
            #expect(try Self.attach(bench, "--xdp", ChainTests.stamp).exitCode == 0)
            let before = try bench.attachedXDP()
            let refused = try bench.command("attach-to-interface", "far0", "more0", "--xdp", ChainTests.reader)
            #expect(refused.exitCode == 73, "\(refused.output)")
            #expect(try bench.attachedXDP() == before)
            #expect(!bench.scratch.pins.contains { $0.contains("next") })
            #expect(try link.information.programID == program.id)
        }
    }
}
