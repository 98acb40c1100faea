// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import PacketMetadata
import RegistryModel
import SystemPackage
import TestSupport
import Testing

/// Packets that GRO has merged to a list (rx-gro-list), of which each keeps an area of its own, forwarded.
///
/// XDP sets a private field to 7 on each. A TC program behind GRO sees the list as one packet. Then the list is taken
/// apart, and the next namespace reads the field on each packet.
@Suite(Kernel.required) struct ListedPacketTests {
    private static let calls = 20
    private static let packets = calls * SegmentedDatagrams.perCall

    /// What the next namespace read.
    struct Seen {
        /// Packets with the value that XDP set.
        let old: UInt64
        /// Packets with the value that the TC program set, 1.
        let new: UInt64
        /// Packets without the field or without an area.
        let without: UInt64
        /// For each packet of a call, how often it arrived whole.
        let whole: [Int]
    }

    private func seen(behind tc: String, offloads: String = "gro on rx-gro-list on") throws -> Seen {
        let chain = try VethChain()
        let scratch = ScratchRegistry()
        func run(_ arguments: String...) throws {
            let run = CommandRun(arguments + ["--registry", scratch.path.string])
            #expect(run.exitCode == 0, "\(run.errors)")
        }
        try run("create-registry", "--statistics", "all")
        try run("register-field", "secret", "--type", "u32", "--private", "--source", "constant:7")
        try chain.inOnward { try run("attach-to-interface", VethChain.end, "--xdp", "none") }
        try chain.pair.inReceiver {
            try run("attach-to-interface", VethPair.far, "--mode", "native", "--xdp", "prebuilt", "--tc", tc)
            try VethPair.setOffloads(VethPair.far, offloads)
            try VethPair.setOffloads(VethChain.out, "tx-gso-list off tx-udp-segmentation off")
        }
        let receiver = try chain.inOnward { try SegmentedDatagrams.Receiver(at: VethChain.endHost) }
        let sender = try chain.pair.inSender { try SegmentedDatagrams(to: VethChain.endHost) }
        let registry = try Registry.open(at: scratch.path, for: .read)
        let field = try #require(registry.image().field(named: FieldName("secret")))
        func seen() throws -> Seen {
            let state = try registry.state(of: field)
            func values(ofBits bits: Int) -> UInt64 { state.histogram.dropFirst(bits).first ?? 0 }
            return Seen(
                old: values(ofBits: 3), new: values(ofBits: 1), without: state.notSet + state.getRefused.total,
                whole: [])
        }
        for _ in 0..<Self.calls {
            try sender.send()
            Pause.sleep(milliseconds: 2)
        }
        let arrived = try eventually {
            let now = try seen()
            return now.old + now.new + now.without >= UInt64(Self.packets)
        }
        #expect(arrived)
        let now = try seen()
        return Seen(old: now.old, new: now.new, without: now.without, whole: receiver.counts())
    }

    /// Each packet arrives as it was sent, whatever a program did to the list.
    private func expectWhole(_ seen: Seen) {
        #expect(seen.whole == [Int](repeating: Self.calls, count: SegmentedDatagrams.perCall), "\(seen)")
    }

    @Test func eachPacketCarriesItsArea() throws {
        try Kernel.run {
            let seen = try seen(behind: "none")
            expectWhole(seen)
            #expect(seen.old >= Self.packets)
        }
    }

    /// With rx-udp-gro-forwarding, packets are merged to one, and cut anew as they are forwarded: what the doctor says of it.
    @Test func datagramsThatAreMergedForForwardingLoseTheirAreas() throws {
        try Kernel.run {
            let seen = try seen(behind: "none", offloads: "gro on rx-udp-gro-forwarding on")
            expectWhole(seen)
            #expect(seen.old == 0 && seen.without >= Self.packets, "\(seen)")
        }
    }

    @Test func aPrivateFieldIsTakenOffAllOfThem() throws {
        try Kernel.run {
            let seen = try seen(behind: "scrub")
            expectWhole(seen)
            #expect(seen.old == 0 && seen.without >= Self.packets, "\(seen)")
        }
    }

    /// The limit that Survival.md tells of: no program gets at the areas of the others.
    @Test func aSetReachesTheFirstAlone() throws {
        try Kernel.run {
            let seen = try seen(behind: "\(Fixture.object("list_tc")):set")
            expectWhole(seen)
            #expect(seen.new > 0)
            withKnownIssue("the others of a list leave with the value that XDP set") {
                #expect(seen.old == 0)
            }
        }
    }

    /// What Survival.md advises.
    @Test func aListThatIsJoinedLeavesNoOldValue() throws {
        try Kernel.run {
            let seen = try seen(behind: "\(Fixture.object("list_tc")):join_and_set")
            expectWhole(seen)
            #expect(seen.old == 0, "\(seen)")
        }
    }
}
