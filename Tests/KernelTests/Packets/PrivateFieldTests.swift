// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// What XDP in the next network namespace finds of a private field in front of packets, whatever was done to them before.
@Suite(Kernel.required) struct PrivateFieldTests {
    /// From the program that sets the field to the interface in the next namespace.
    struct Way: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var stamp = "stamp_frags"
        /// A program of survival_change.bpf.c, and what it is run with.
        var change: String?
        var amount: Int32 = 0
        /// At TC egress of the interface that packets leave by, before the scrub program; else where they come in.
        var changesAtEgress = false
        /// The byte of the packet, as it arrives, that its value tells; from the end.
        var markerAt: Int32 = -20
        var tap = false
        /// By a bridge, to all of its ports.
        var isFlooded = false
        /// What XDP finds without the scrub program, in native and in generic mode.
        let found: (native: Found, generic: Found)
        /// Whether it finds the same with it, since the packets do not pass TC egress.
        var passesBy = false
    }

    enum Found {
        case all, half, none
        /// No packet comes to an XDP program.
        case noPacket
    }

    static let ways = [
        Way(testDescription: "forwarded", found: (.all, .all)),
        Way(testDescription: "forwarded, a tap", tap: true, found: (.none, .all)),
        Way(
            testDescription: "forwarded, a tap, a write where they come in", change: "write_packet", tap: true,
            found: (.none, .all)),
        Way(
            testDescription: "forwarded, a tap, a write where they leave", change: "write_packet",
            changesAtEgress: true, tap: true, found: (.none, .all)),
        Way(
            testDescription: "change_tail, longer than there is room", change: "change_tail", amount: 1200,
            changesAtEgress: true, markerAt: -1220, found: (.none, .all)),
        Way(
            testDescription: "change_head", change: "change_head", amount: 32, changesAtEgress: true,
            found: (.none, .none)),
        Way(
            testDescription: "adjust_room", change: "adjust_room_mac", amount: 20, changesAtEgress: true,
            found: (.none, .none)),
        Way(
            testDescription: "two VLAN tags", change: "vlan_push", amount: 2, changesAtEgress: true,
            found: (.none, .none)),
        Way(testDescription: "redirect", change: "redirect", found: (.all, .noPacket)),
        Way(testDescription: "clone_redirect", change: "clone_redirect", found: (.half, .all)),
        Way(testDescription: "flooded by a bridge, ARP", isFlooded: true, found: (.all, .all)),
        Way(testDescription: "redirect_peer", change: "redirect_peer", found: (.noPacket, .all), passesBy: true),
        Way(testDescription: "devmap", stamp: "stamp_to_device_frags", found: (.all, .noPacket), passesBy: true),
    ]

    private static let count = 20

    @Test(arguments: ways, [XDPMode.native, .generic])
    func theScrubProgramAtEgressTakesItOff(way: Way, mode: XDPMode) throws {
        try Kernel.run {
            let expected = mode == .native ? way.found.native : way.found.generic
            for isScrubbed in [false, true] {
                let bench = try Bench(way, mode)
                if isScrubbed { try bench.scrub() }
                let seen = try bench.send(Self.count, expectingNone: expected == .noPacket)
                let found =
                    seen.packets == 0
                    ? Found.noPacket : seen.found == 0 ? .none : seen.found == seen.packets ? .all : .half
                #expect(
                    found == (isScrubbed && !way.passesBy && expected != .noPacket ? Found.none : expected),
                    "\(isScrubbed ? "scrubbed" : "as they are"): \(seen)")
            }
        }
    }
}

extension PrivateFieldTests {
    private final class Bench {
        let chain: VethChain
        private let scratch = ScratchRegistry()
        private let way: Way
        /// The field's, with a packet's marker in the lowest byte.
        private let value: UInt64
        private let headroom: BPFObject
        private var links: [LinkBox] = []
        private let tap: PacketTap?

        init(_ way: Way, _ mode: XDPMode) throws {
            self.way = way
            chain = try VethChain()
            let registry = try Registry.openOrCreate(at: scratch.path)
            let definition = try FieldDefinition(name: FieldName("survivor"), type: .u64, isPrivate: true)
            let field = try registry.register(definition).field
            headroom = try BPFObject(bytes: Fixture.bytes(Fixture.object("headroom_xdp")), name: "headroom")
            // Nobody else's: memory that others have used is not cleared.
            value = UInt64.random(in: 1...UInt64.max / 256) << 8
            _ = headroom.setConstant("survivor", to: ContractScript.little(value))
            _ = headroom.setConstant("marker_at", to: ContractScript.little(UInt32(bitPattern: way.markerAt)))
            let look = try headroom.load(only: "look")
            let links = try chain.inOnward {
                [LinkBox(try BPFLink.xdp(look, ifindex: NetworkInterface(named: VethChain.end).index, mode: mode))]
            }
            self.links = links
            tap =
                way.tap
                ? try chain.pair.inReceiver { try PacketTap(on: NetworkInterface(named: VethPair.far).index) } : nil
            let out = try chain.pair.inReceiver { try NetworkInterface(named: VethChain.out).index }
            let programs = SurvivalPrograms(
                route: SurvivalRoute(change: way.change), mode: .native, amount: way.amount, id: field.id, target: out,
                others: [])
            try attach(programs.xdp(way.stamp).open(registry), way.stamp, out)
            if let change = programs.change { try attach(change.open(registry), change.name, out) }
            if way.isFlooded {
                try chain.pair.inReceiver { try Self.bridge([VethPair.far, VethChain.out]) }
            }
        }

        private static func bridge(_ ports: [String]) throws {
            try VethPair.ip("link add bridge0 type bridge mcast_snooping 0")  // or it sends reports of its own
            for port in ports { try VethPair.ip("link set \(port) master bridge0") }
            try VethPair.ip("link set bridge0 up")
        }

        private func attach(_ object: consuming BPFObject, _ name: String, _ out: UInt32) throws {
            _ = object.setConstant("survivor", to: ContractScript.little(value))
            let program = try object.load(only: name)
            try chain.pair.inReceiver {
                let far = try NetworkInterface(named: VethPair.far).index
                if name == way.change {
                    let ifindex = way.changesAtEgress ? out : far
                    links.append(
                        LinkBox(
                            try BPFLink.tcx(
                                program, ifindex: ifindex, way.changesAtEgress ? .egress : .ingress)))
                } else {
                    if name.contains("device") {
                        try object.map("devices").update(at: 0, ContractScript.little(out))
                    }
                    links.append(LinkBox(try BPFLink.xdp(program, ifindex: far, mode: .native)))
                }
            }
        }

        func scrub() throws {
            let run = try chain.pair.inReceiver {
                CommandRun([
                    "attach-to-interface", VethChain.out, "--tc-egress", "scrub", "--registry", scratch.path.string,
                ])
            }
            #expect(run.output == "out0: TC egress: scrub attached (tcx)", "\(run.errors)")
        }

        /// - Returns: how many packets came, and in front of how many the value was found.
        func send(_ count: Int, expectingNone: Bool) throws -> (packets: UInt64, found: UInt64) {
            if way.isFlooded {
                // Nobody has that address: the question goes to all.
                try chain.pair.send(1, to: [192, 0, 2, 99])
            } else {
                try chain.pair.send(count, to: VethChain.endAddress)
            }
            if expectingNone {
                Pause.sleep(milliseconds: 200)
                return try seen()
            }
            let isThere = try eventually { try seen().packets >= (way.isFlooded ? 1 : UInt64(count)) }
            #expect(isThere)
            return try seen()
        }

        private func seen() throws -> (packets: UInt64, found: UInt64) {
            let bytes = try headroom.map("headroom").values(at: 0)[0]
            func word(_ index: Int) -> UInt64 { decode(Array(bytes[8 * index..<8 * index + 8]), as: UInt64.self) }
            return (word(0), word(1))
        }
    }
}
