// SPDX-License-Identifier: BSD-2-Clause

import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// A field picks the socket of an SO_REUSEPORT group, in an application without privilege.
@Suite(Kernel.required) struct SteeringTests {
    private static let count = 100
    private static let workers = SteeringBench.workers

    struct Path: CustomTestStringConvertible {
        let protocolName, address: String
        /// Of the source port, which is the field, from the start of the frame.
        let offset: Int

        var testDescription: String { "\(protocolName), \(address)" }

        static let all = [
            Path(protocolName: "udp", address: VethPair.farAddress, offset: 34),
            Path(protocolName: "tcp", address: VethPair.farAddress, offset: 34),
            Path(protocolName: "udp", address: VethPair.farIPv6Address, offset: 54),
            Path(protocolName: "tcp", address: VethPair.farIPv6Address, offset: 54),
        ]
    }

    @Test(arguments: Path.all)
    func packetsGetToTheSocketOfTheirValue(path: Path) throws {
        try Kernel.run {
            let bench = try SteeringBench()
            try bench.bench.pair.addIPv6()
            try bench.steer(by: "be16", offset: path.offset)
            let workers = try bench.workers(path.protocolName, packets: Self.count)
            try bench.send(path.protocolName, Self.count, to: path.address)
            let arrivals = try workers.arrivals()
            #expect(arrivals.count == Self.count)
            for arrival in arrivals { #expect(arrival.worker == arrival.port % Self.workers, "\(arrival)") }
            let counts = try #require(try bench.steering().counts)
            // A SYN that is sent again, where the machine is busy, is steered again.
            #expect(counts.steered >= UInt64(Self.count) && counts.noField == 0 && counts.noSocket == 0, "\(counts)")
        }
    }

    /// Values as they are in the packet, with the number that each type makes of them.
    static let types: [(type: String, bytes: @Sendable (UInt8) -> [UInt8])] = [
        ("u8", { [$0] }), ("u16", { [$0, 0] }), ("u32", { [$0, 0, 0, 0] }), ("u64", { [$0, 0, 0, 0, 0, 0, 0, 0] }),
        ("be16", { [0, $0] }), ("be32", { [0, 0, 0, $0] }),
    ]

    @Test(arguments: types.indices)
    func eachTypeOfNumberSteers(index: Int) throws {
        try Kernel.run {
            let bench = try SteeringBench()
            let (type, bytes) = Self.types[index]
            try bench.steer(by: type, offset: 42)
            let workers = try bench.workers("udp", packets: Self.count, "9=1", "200=3")
            // The application tells the first byte, so that the value is also in front where the type has it last.
            let values = (0..<UInt8(Self.count)).map { $0 < 90 ? $0 : $0 % 2 == 0 ? 200 : 9 }
            try bench.send(values.map { bytes($0) + [UInt8](repeating: 0, count: 16) })
            let arrivals = try workers.arrivals()
            let expected = values.map { $0 == 9 ? 1 : $0 == 200 ? 3 : Int($0) % Self.workers }
            for worker in 0..<Self.workers {
                #expect(arrivals.count { $0.worker == worker } == expected.count { $0 == worker }, "worker \(worker)")
            }
            if bytes(1)[0] == 1 {
                for arrival in arrivals {
                    let byte = arrival.byte
                    #expect(arrival.worker == (byte == 9 ? 1 : byte == 200 ? 3 : byte % Self.workers), "\(arrival)")
                }
            }
            let steering = try bench.steering()
            #expect(steering.ownValues == 2 && steering.counts?.steered == UInt64(Self.count))
        }
    }

    @Test func aFlagIsOne() throws {
        try Kernel.run {
            let bench = try SteeringBench()
            try bench.steer(by: "flag")
            let workers = try bench.workers("udp", packets: 20)
            try bench.send("udp", 20)
            #expect(try workers.arrivals().allSatisfy { $0.worker == 1 })
            // In an area, but not set.
            try bench.command("detach-from-interface", "far0")
            try bench.command("register-field", "other", "--type", "u8", "--source", "constant:1")
            try bench.command("unregister-field", "other")
            try bench.command("delete-steering", "workers")
            try bench.command("unregister-field", "key")
            try bench.command("register-field", "key", "--type", "flag")
            try bench.command("register-field", "other", "--type", "u8", "--source", "constant:1")
            try bench.command("attach-to-interface", "far0", "--tc", "none")
            try bench.create()
            let others = try bench.workers("udp", packets: 20)
            try bench.send("udp", 20)
            #expect(try others.arrivals().allSatisfy { $0.worker == 0 })
        }
    }

    /// Dealt out by the kernel, which is to none alone.
    private static func expectKernelsChoice(_ bench: SteeringBench, since before: UInt64) throws {
        let workers = try bench.workers("udp", packets: Self.count)
        try bench.send("udp", Self.count)
        let arrivals = try workers.arrivals()
        #expect(arrivals.count == Self.count)
        #expect(Set(arrivals.map(\.worker)).count > 1)
        #expect(arrivals.contains { $0.worker != $0.port % Self.workers })
        let counts = try #require(try bench.steering().counts)
        #expect(counts.noField == before + UInt64(Self.count) && counts.noSocket == 0, "\(counts)")
    }

    @Test func withoutTheFieldTheKernelChooses() throws {
        try Kernel.run {
            let bench = try SteeringBench()
            try bench.steer(by: "be16", offset: 34, isSet: false)
            try Self.expectKernelsChoice(bench, since: 0)
            #expect(try bench.steering().counts?.steered == 0)
            // Where there is no socket, it does too.
            try bench.command("attach-to-interface", "far0", "--tc", "none")
            let workers = try bench.start(["udp", "\(SteeringBench.port)", "1", "\(Self.count)"])
            let isThere = try eventually { try bench.steering().filledSockets == 1 }
            #expect(isThere)
            try bench.send("udp", Self.count)
            #expect(try workers.arrivals().count == Self.count)
            let counts = try #require(try bench.steering().counts)
            #expect(counts.noSocket > 0 && counts.noSocket + counts.steered == UInt64(Self.count), "\(counts)")
        }
    }

    /// Fields that move, come and go.
    @Test func theRegistryIsFollowed() throws {
        try Kernel.run {
            let bench = try SteeringBench()
            try bench.command("register-field", "first", "--type", "u64")
            try bench.steer(by: "be16", offset: 34)
            let workers = try bench.workers("udp", packets: 3 * Self.count)
            try bench.send("udp", Self.count)
            try bench.command("unregister-field", "first")
            try bench.send("udp", Self.count)
            #expect(try bench.command("compact").contains("key"))
            try bench.send("udp", Self.count)
            for arrival in try workers.arrivals() {
                #expect(arrival.worker == arrival.port % Self.workers, "\(arrival)")
            }
            #expect(try bench.steering().counts?.steered == 3 * UInt64(Self.count))

            // It goes, and another one comes to its name and its place.
            let refused = try bench.command("unregister-field", "key", status: 73)
            #expect(refused.contains("the steering workers goes by it"), "\(refused)")
            try bench.command("unregister-field", "key", "--force")
            #expect(try bench.steering().isFieldGone)
            try Self.expectKernelsChoice(bench, since: 0)
            try bench.command("register-field", "key", "--type", "be16", "--source", "payload:34")
            #expect(try bench.steering().isFieldGone)
            try Self.expectKernelsChoice(bench, since: UInt64(Self.count))
            #expect(try bench.command("status").contains("key (gone)"))
            let taken = try bench.command(
                "create-steering", "workers", "--field", "key", "--sockets", "4", status: 73)
            #expect(taken.contains("a field that is gone"), "\(taken)")
        }
    }

    @Test func deletingEndsIt() throws {
        try Kernel.run {
            let bench = try SteeringBench()
            try bench.steer(by: "be16", offset: 34)
            let workers = try bench.workers("udp", packets: 2 * Self.count)
            try bench.send("udp", Self.count)
            let isDone = try eventually { try bench.steering().counts?.steered == UInt64(Self.count) }
            #expect(isDone)
            try bench.command("delete-steering", "workers")
            try bench.send("udp", Self.count)
            let arrivals = try workers.arrivals()
            #expect(arrivals.count == 2 * Self.count)
            #expect(arrivals.count { $0.worker != $0.port % Self.workers } > 0)
        }
    }
}
