// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// What an XDP redirect loses of what the NIC's driver knew comes back at TC, from fields, by sinks.
@Suite(Kernel.required) struct RestoredTests {
    struct Seen: Equatable {
        var hash: UInt32 = 0
        var vlanProtocol: UInt32 = 0
        var vlanTCI: UInt32 = 0
        var tstamp: UInt64 = 0
    }

    static let received: UInt64 = 1_700_000_000_123_456_789

    /// Packets come in at far0, are sent to out0 by a device map, and so come in at end0.
    final class Bench: @unchecked Sendable {
        let chain: VethChain
        private let scratch = ScratchRegistry()
        private let observed: BPFMap
        private let link: LinkBox

        init(_ sinks: [String: String]) throws {
            chain = try VethChain()
            let path = scratch.path
            func command(_ arguments: String...) {
                let run = CommandRun(arguments + ["--registry", path.string])
                #expect(run.exitCode == 0, "\(run.errors)")
            }
            for (name, type) in [("hash", "u32"), ("received_at", "u64"), ("tag", "u16")] {
                command("register-field", name, "--type", type, "--sink", sinks[name] ?? "none")
            }
            try chain.pair.inReceiver {
                command(
                    "attach-to-interface", VethPair.far, "--xdp", AttachmentTests.object("redirecting_xdp"), "--tc",
                    "none")
                let member = try #require(
                    try AttachmentStore(of: path).attachments().flatMap(\.members).first)
                let out = try NetworkInterface(named: VethChain.out).index
                try BPFMap(pinnedAt: member.folders.maps.appending("devices")).update(at: 0, ContractScript.little(out))
            }
            let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("sink_observer")), name: "observer")
            let observe = try object.load(only: "observe")
            observed = try object.map("observed")
            // veth takes redirected frames only where the peer polls.
            try chain.inOnward {
                try VethPair.setOffloads(VethChain.end, "gro on")
                command("attach-to-interface", VethChain.end, "--xdp", "none", "--tc", "prebuilt")
            }
            link = try chain.inOnward {
                LinkBox(try BPFLink.tcx(observe, ifindex: NetworkInterface(named: VethChain.end).index, .ingress))
            }
        }

        /// Sends, and gives back what the last packet had behind the consumer.
        func send(_ count: UInt32) throws -> Seen {
            try chain.pair.send(Int(count))
            func word(_ index: Int) throws -> UInt32 {
                decode(Array(try observed.values(at: 0)[0][4 * index..<4 * index + 4]), as: UInt32.self)
            }
            let isThere = try eventually { try word(0) == count }
            #expect(isThere)
            let time = decode(Array(try observed.values(at: 0)[0][32..<40]), as: UInt64.self)
            let hasTag = try word(5) != 0
            return Seen(
                hash: try word(4), vlanProtocol: hasTag ? UInt32(UInt16(truncatingIfNeeded: try word(7)).bigEndian) : 0,
                vlanTCI: hasTag ? try word(6) : 0, tstamp: time)
        }

        func state(_ name: String) throws -> FieldState {
            let registry = try Registry.open(at: scratch.path, for: .read)
            return try registry.state(of: #require(try registry.image().field(named: FieldName(name))))
        }
    }

    static let all = ["hash": "rx-hash", "received_at": "tstamp", "tag": "vlan"]

    @Test func withoutSinksItIsLost() throws {
        try Kernel.run {
            let seen = try Bench([:]).send(3)
            #expect(seen.hash == 0 && seen.vlanProtocol == 0 && seen.tstamp != Self.received, "\(seen)")
        }
    }

    @Test func sinksGiveItBack() throws {
        try Kernel.run {
            let bench = try Bench(Self.all)
            let seen = try bench.send(20)
            #expect(
                seen == Seen(hash: 0x1234_5678, vlanProtocol: 0x8100, vlanTCI: 0x6005, tstamp: Self.received),
                "\(seen)")
            for name in Self.all.keys {
                let state = try bench.state(name)
                #expect(state.got == 20 && state.sunk == 20 && state.notSunk == 0, "\(name): \(state)")
            }
        }
    }
}
