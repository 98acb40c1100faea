// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// Areas of another size, while packets pass.
@Suite(Kernel.required) struct ResizingTests {
    /// 128 bytes where the kernel grants them.
    private static func capacities() throws -> [Int] {
        let largest = try #require(try Registry.largestGrantedCapacity())
        return [32, 64, 128].filter { $0 <= largest }
    }

    @Test func noValueIsWrongWhileTheSizeChanges() throws {
        try Kernel.run {
            let (scratch, pair) = (ScratchRegistry(), try VethPair())
            let capacities = try Self.capacities()
            guard capacities.count > 1 else { return }
            let registry = try Registry.openOrCreate(at: scratch.path, capacity: capacities[0])
            for (name, type) in [("steady", FieldType.u64), ("mover", .u32)] {
                _ = try registry.register(FieldDefinition(name: FieldName(name), type: type))
            }
            _ = try pair.inReceiver {
                try registry.attach(
                    AttachmentRequest(
                        xdp: .programs([.object(Fixture.object("torture"), program: nil)]),
                        tc: .programs([.object(Fixture.object("torture_steady"), program: nil)])),
                    to: [VethPair.far])
            }
            let ids = try registry.image().fields.map(\.id)
            let steady = try #require(
                try AttachmentStore(of: scratch.path).attachments().first { $0.record.hook == .tcIngress })
            let map = try BPFMap(pinnedAt: steady.members[0].folders.maps.appending("outcomes"))
            func outcome(_ index: Int) throws -> UInt64 {
                try map.values(at: index).map { decode($0, as: UInt64.self) }.reduce(0, +)
            }
            let traffic = BackgroundTraffic(pair, isPaced: false)
            for round in 1...24 {
                let capacity = capacities[round % capacities.count]
                #expect(try registry.resizeAreas(to: capacity))
                #expect(try registry.image().word.capacity == capacity)
                let before = try outcome(6)
                let isRead = try eventually { try outcome(6) > before + 100 }
                #expect(isRead, "\(capacity) bytes")
            }
            _ = try traffic.stop()
            #expect(try outcome(7) == 0)
            #expect(try registry.image().fields.map(\.id) == ids)
        }
    }

    /// Whatever the programs are: those that go by an id are loaded anew for this alone.
    @Test func thePrebuiltPairGoesOnAndCountersStay() throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            let capacities = try Self.capacities()
            guard capacities.count > 1 else { return }
            #expect(try bench.command("create-registry", "--capacity", "32").exitCode == 0)
            #expect(
                try bench.command("register-field", "tenant", "--type", "u32", "--source", "constant:7").exitCode == 0)
            #expect(try bench.command("attach-to-interface", "far0").exitCode == 0)
            try bench.pair.send(100)
            let registry = try Registry.open(at: bench.scratch.path, for: .write)
            #expect(try !registry.resizeAreas(to: 32))
            let seal = try registry.seal()
            #expect(try registry.resizeAreas(to: 64))
            #expect(try registry.seal() != seal)
            try bench.pair.send(100)
            let tenant = try #require(try registry.image().field(named: FieldName("tenant")))
            #expect(try registry.state(of: tenant).got == 200)
            #expect(try bench.command("repair").output == "nothing to repair")
        }
    }

    @Test func whatCannotBeIsRefusedBeforeAnything() throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            #expect(try bench.command("create-registry", "--capacity", "64").exitCode == 0)
            let registry = try Registry.open(at: bench.scratch.path, for: .write)
            for name in ["a", "b", "c"] {
                _ = try registry.register(FieldDefinition(name: FieldName(name), type: .u64))
            }
            let before = try registry.image()
            for capacity in [32, 33, 0, 256] {
                #expect(throws: PacketMetadataError.self) { try registry.resizeAreas(to: capacity) }
            }
            #expect(try registry.image() == before)
            #expect(
                try bench.command("create-steering", "workers", "--field", "a", "--sockets", "2").exitCode == 0)
            let held = #expect(throws: PacketMetadataError.self) { try registry.resizeAreas(to: 128) }
            #expect(held?.refusal as? RegistryRefusal == .sizeHeldBySteerings(["workers"]))
        }
    }
}
