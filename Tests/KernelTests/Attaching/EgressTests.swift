// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// TC egress is a hook like the others: for packets that leave by an interface, forwarded ones among them.
@Suite(Kernel.required) struct EgressTests {
    /// Packets come in at far0, where XDP sets a field, and leave by out0.
    final class Bench: @unchecked Sendable {
        let scratch = ScratchRegistry()
        let chain: VethChain

        init() throws { chain = try VethChain() }

        func command(_ arguments: String...) throws -> CommandRun {
            try chain.pair.inReceiver { CommandRun(arguments + ["--registry", scratch.path.string]) }
        }

        /// - Parameter more: of `attach-to-interface out0`, XDP and TC ingress of which are left alone.
        func attach(_ more: String...) throws -> CommandRun {
            try chain.pair.inReceiver {
                CommandRun(["attach-to-interface", VethChain.out] + more + ["--registry", scratch.path.string])
            }
        }

        func atOut<Value>(_ body: (UInt32) throws -> Value) throws -> Value {
            try chain.pair.inReceiver { try body(NetworkInterface(named: VethChain.out).index) }
        }

        /// Names of the programs on a hook of out0, in order.
        func order(_ hook: Hook = .tcEgress) throws -> [String] {
            try atOut { try hook.programIDs(ifindex: $0).map { try ProgramInformation(id: $0).name } }
        }

        func filters(_ direction: TrafficDirection) throws -> [TCFilter.Description] {
            try atOut { try TCFilter.filters(ifindex: $0, direction) }
        }

        func state(_ name: String) throws -> FieldState {
            let registry = try Registry.open(at: scratch.path, for: .read)
            return try registry.state(of: #require(try registry.image().field(named: FieldName(name))))
        }

        /// A field that XDP sets at far0.
        func produce(_ more: String...) throws {
            let run = try chain.pair.inReceiver {
                CommandRun(
                    ["register-field", "tenant", "--type", "u32", "--source", "constant:7"] + more
                        + ["--registry", scratch.path.string])
            }
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(try command("attach-to-interface", VethPair.far, "--tc", "none").exitCode == 0)
        }

        func forward(_ count: Int) throws { try chain.pair.send(count, to: VethChain.endAddress) }

        func forwardedMark(_ observer: borrowing BPFMap) throws -> (packets: UInt32, mark: UInt32) {
            let bytes = try observer.values(at: 0)[0]
            return (decode(Array(bytes[0..<4]), as: UInt32.self), decode(Array(bytes[4..<8]), as: UInt32.self))
        }
    }

    static let modes = ["tcx", "clsact"]

    /// The consumer gets the fields of forwarded packets, and only there.
    @Test(arguments: modes) func theConsumerGetsWhatForwardedPacketsCarry(mode: String) throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.produce()
            let attached = try bench.attach("--tc-mode", mode, "--tc-egress", "prebuilt")
            #expect(attached.output == "out0: TC egress: consumer attached (\(mode))", "\(attached.errors)")
            #expect(try bench.order() == ["consumer"])
            #expect(try bench.order(.tcIngress) == [])
            let again = try bench.attach("--tc-mode", mode, "--tc-egress", "prebuilt")
            #expect(again.output == "out0: TC egress: consumer unchanged (\(mode))")
            try bench.forward(20)
            let isGot = try eventually { try bench.state("tenant").got == 20 }
            #expect(isGot)
            #expect(try bench.state("tenant").set == 20)

            let status = try bench.command("status")
            #expect(status.output.contains("TC egress"), "\(status.output)")
            let json = try bench.command("status", "--json").json
            #expect("\(json)".contains("tc_egress"))
            let other = try bench.command("detach-from-interface", VethChain.out, "--tc")
            #expect(other.exitCode == 66)
            #expect(other.errors.contains("is attached to its TC ingress"), "\(other.errors)")
            let detached = try bench.command("detach-from-interface", VethChain.out, "--tc-egress")
            #expect(detached.output == "out0: TC egress: consumer detached (\(mode))", "\(detached.errors)")
            #expect(try bench.order() == [])
            #expect(try bench.atOut { try !ClsactQdisc.exists(ifindex: $0) })
        }
    }

    /// Sinks are for packets that leave, too: what routing is done with them is up to the mark.
    @Test func aSinkOfForwardedPackets() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.produce("--sink", "mark:0xff00")
            #expect(try bench.attach("--tc-egress", "prebuilt").exitCode == 0)
            let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("sink_observer")), name: "observer")
            let observe = try object.load(only: "observe")
            let link = try bench.atOut { LinkBox(try BPFLink.tcx(observe, ifindex: $0, .egress)) }
            try bench.forward(5)
            let observed = try object.map("observed")
            let isSeen = try eventually { try bench.forwardedMark(observed).packets == 5 }
            #expect(isSeen)
            #expect(try bench.forwardedMark(observed).mark == 0x700)
            #expect(try bench.state("tenant").sunk == 5)
            withExtendedLifetime(link) {}
        }
    }

    /// Of a packet that leaves, skb->tstamp is when it is to leave.
    @Test func aTimeOfReceiptIsNotForPacketsThatLeave() throws {
        try Kernel.run {
            let bench = try Bench()
            let run = try bench.command(
                "register-field", "received_at", "--type", "u64", "--source", "constant:1700000000000000000", "--sink",
                "tstamp")
            #expect(run.exitCode == 0, "\(run.errors)")
            try bench.produce()
            #expect(try bench.attach("--tc-egress", "prebuilt").exitCode == 0)
            try bench.forward(5)
            let isCounted = try eventually { try bench.state("received_at").notSunk == 5 }
            #expect(isCounted)
            #expect(try bench.state("received_at").sunk == 0)
        }
    }

    @Test func programsTakeTheirPlaceAmongOthers() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.produce()
            let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("count_tc")), name: "count")
            let foreign = try object.load(only: "count_and_go_on")
            let link = try bench.atOut { LinkBox(try BPFLink.tcx(foreign, ifindex: $0, .egress)) }
            #expect(try bench.attach("--tc-egress", "prebuilt", "--first").exitCode == 0)
            #expect(try bench.order() == ["consumer", "count_and_go_on"])
            let joined = try bench.attach("--tc-egress", "scrub", "--join", "--before", "count_and_go_on")
            #expect(joined.output == "out0: TC egress: scrub attached (tcx)", "\(joined.errors)")
            #expect(try bench.order() == ["consumer", "scrub", "count_and_go_on"])
            let unknown = try bench.attach("--tc-egress", "scrub", "--join", "--before", "nosuch")
            #expect(unknown.errors.contains("its TC egress has no program nosuch"), "\(unknown.errors)")
            #expect(try bench.command("detach-from-interface", VethChain.out).exitCode == 0)
            #expect(try bench.order() == ["count_and_go_on"])
            withExtendedLifetime(link) {}
        }
    }

    /// Both hooks of TC have a filter of the same place; each is known for what it is.
    @Test func filtersOfBothHooksAreApart() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.produce()
            let both = try bench.attach(
                "--tc-mode", "clsact", "--xdp", "none", "--tc", "prebuilt", "--tc-egress", "prebuilt")
            #expect(
                both.output
                    == "out0: TC ingress: consumer attached (clsact)\nout0: TC egress: consumer attached (clsact)",
                "\(both.errors)")
            let ingress = try #require(try bench.filters(.ingress).first)
            let egress = try #require(try bench.filters(.egress).first)
            #expect(ingress.place.priority == egress.place.priority && ingress.place.handle == egress.place.handle)
            let renewed = try bench.command("register-field", "other", "--type", "u8")
            #expect(renewed.exitCode == 0, "\(renewed.errors)")
            for (direction, old) in [(TrafficDirection.ingress, ingress), (.egress, egress)] {
                let filters = try bench.filters(direction)
                #expect(filters.map(\.place) == [old.place])
                #expect(filters.map(\.programID) != [old.programID], "loaded anew")
            }
            try bench.forward(10)
            let isGot = try eventually { try bench.state("tenant").got == 10 }
            #expect(isGot)
            #expect(try bench.command("detach-from-interface", VethChain.out, "--tc").exitCode == 0)
            #expect(try bench.filters(.ingress).isEmpty && bench.filters(.egress).count == 1)
            let removed = try bench.command("delete-registry", "--force")
            #expect(removed.exitCode == 0, "\(removed.errors)")
            #expect(try bench.atOut { try !ClsactQdisc.exists(ifindex: $0) })
        }
    }

    /// The older qdisc would take a filter for packets that leave as one for packets that come in.
    @Test func anIngressQdiscIsRefused() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.atOut { _ in
                let added = try ChildProcess.run(["tc", "qdisc", "add", "dev", VethChain.out, "ingress"])
                #expect(added.status == 0, "\(added.output)")
            }
            let refused = try bench.attach("--tc-mode", "clsact", "--tc-egress", "prebuilt")
            #expect(refused.exitCode == 69, "\(refused.output)")
            #expect(refused.errors.contains("an ingress qdisc, which has no filters for packets that leave"))
            #expect(try bench.filters(.ingress).isEmpty)
            #expect(try bench.attach("--tc-mode", "clsact", "--xdp", "none", "--tc", "prebuilt").exitCode == 0)
            #expect(try bench.order() == [])
        }
    }

    @Test(arguments: modes) func theRegistryChangesAndNoPacketIsMissed(mode: String) throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.produce()
            #expect(try bench.attach("--tc-mode", mode, "--tc-egress", "prebuilt").exitCode == 0)
            let before = try bench.atOut { try Hook.tcEgress.programIDs(ifindex: $0) }
            let traffic = BackgroundTraffic(bench.chain.pair, to: VethChain.endAddress)
            for round in 0..<5 {
                #expect(try bench.command("register-field", "other_\(round)", "--type", "u8").exitCode == 0)
                #expect(try bench.command("unregister-field", "other_\(round)").exitCode == 0)
            }
            let sent = try traffic.stop()
            #expect(sent > 0)
            let isGot = try eventually { try bench.state("tenant").got >= sent }
            #expect(isGot)
            let state = try bench.state("tenant")
            #expect(state.set == sent && state.got == sent, "\(state) of \(sent)")
            #expect(try bench.atOut { try Hook.tcEgress.programIDs(ifindex: $0) } != before)
        }
    }

    @Test func packetsThatLeaveAreWatched() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.produce()
            let traffic = BackgroundTraffic(bench.chain.pair, to: VethChain.endAddress)
            let leaving = try bench.command("watch", VethChain.out, "--egress", "--count", "3", "--duration", "20")
            #expect(leaving.exitCode == 0, "\(leaving.errors)")
            let lines = leaving.output.split(separator: "\n")
            #expect(lines.count == 3)
            #expect(lines.allSatisfy { $0.contains("out0") && $0.contains("tenant=7") }, "\(leaving.output)")
            let coming = try bench.command("watch", VethChain.out, "--count", "3", "--duration", "0.3")
            #expect(coming.output == "")
            _ = try traffic.stop()
        }
    }

    /// What others have let go of is forgotten, and what is damaged is repaired, as at other hooks.
    @Test(arguments: modes) func aHookThatIsGoneIsForgotten(mode: String) throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.produce()
            #expect(try bench.attach("--tc-mode", mode, "--tc-egress", "prebuilt").exitCode == 0)
            try bench.chain.pair.inReceiver { try VethPair.ip("link del \(VethChain.out)") }
            let repaired = try bench.command("repair")
            #expect(repaired.output.contains("TC egress"), "\(repaired.output)\(repaired.errors)")
            #expect(repaired.output.contains("forgotten, since its interface is gone"), "\(repaired.output)")
        }
    }

    @Test(arguments: modes) func allOfItGoesFromTheHost(mode: String) throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.produce()
            #expect(try bench.attach("--tc-mode", mode, "--tc-egress", "prebuilt").exitCode == 0)
            let planned = try bench.command("remove-from-host", "--dry-run")
            #expect(planned.output.contains("out0: TC egress: program consumer"), "\(planned.output)")
            let removed = try bench.command("remove-from-host", "--force")
            #expect(removed.exitCode == 0, "\(removed.output)")
            #expect(try bench.order() == [])
            #expect(try bench.atOut { try !ClsactQdisc.exists(ifindex: $0) })
        }
    }
}
