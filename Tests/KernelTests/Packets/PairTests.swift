// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import PktmetaABI
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// The prebuilt producer and consumer, on real packets.
@Suite(Kernel.required) struct PairTests {
    /// A veth pair with the prebuilt programs at its far end.
    final class Bench {
        let scratch = ScratchRegistry()
        let pair: VethPair
        let registry: Registry

        init(
            capacity: Int? = nil, statistics: Statistics? = nil, xdp: ProgramSelection? = nil,
            mode: AttachmentMode? = nil,
            fields: [(name: String, type: String, source: String)] = []
        ) throws {
            pair = try VethPair()
            registry = try Registry.openOrCreate(at: scratch.path, capacity: capacity, statistics: statistics)
            for field in fields { try register(field.name, field.type, field.source) }
            try pair.inReceiver {
                _ = try registry.attach(AttachmentRequest(xdp: xdp, mode: mode), to: [VethPair.far])
            }
        }

        @discardableResult
        func register(_ name: String, _ type: String, _ source: String) throws -> RegisteredField {
            let type = try FieldType(type)
            let definition = try FieldDefinition(
                name: FieldName(name), type: type, source: FieldSource(source, type: type))
            return try registry.register(definition).field
        }

        /// Runs a command for the registry where the interface is.
        func command(_ arguments: [String]) throws -> CommandRun {
            try pair.inReceiver { CommandRun(arguments + ["--registry", scratch.path.string]) }
        }

        /// Sends, and waits until the consumer has seen as many in all.
        func send(_ count: Int) throws {
            let seen = try registry.areaState().found
            try pair.send(count)
            let arrived = try eventually { try registry.areaState().found >= seen + UInt64(count) }
            #expect(arrived)
            // The consumer counts a packet before it gets its fields.
            try waitForRunningPrograms()
        }

        /// Packets that each CPU has numbered.
        func sequenceCounters() throws -> [UInt64] {
            try registry.stateMap.values(at: 0).map { CountedCPU(bytes: $0)[\.sequence] }
        }

        func state(_ name: String) throws -> FieldState {
            let field = try #require(try registry.image().field(named: FieldName(name)))
            return try registry.state(of: field)
        }
    }

    @Test func eachSourceGivesItsValue() throws {
        try Kernel.run {
            let bench = try Bench(
                capacity: 128,
                fields: [
                    ("ifindex_field", "u32", "ifindex"), ("queue_field", "u16", "rx-queue"),
                    ("length_field", "be32", "packet-length"), ("hash_field", "u64", "flow-hash"),
                    ("number_field", "u32", "sequence"), ("time_field", "u64", "ktime"),
                    ("source_field", "ipv4", "payload:26"), ("port_field", "be16", "payload:36"),
                    ("mac_field", "mac", "payload:6"), ("payload_field", "bytes:13", "payload:42"),
                    ("beyond_field", "bytes:8", "payload:100"), ("silent_field", "u32", "none"),
                ])
            let before = Clock.monotonic
            try bench.send(100)
            let ifindex = try bench.pair.inReceiver { try NetworkInterface(named: VethPair.far).index }

            #expect(try bench.state("ifindex_field").range == UInt64(ifindex)...UInt64(ifindex))
            #expect(try bench.state("queue_field").range == 0...0)
            // 64 bytes of payload behind the headers of Ethernet (14), IPv4 (20) and UDP (8).
            #expect(try bench.state("length_field").range == 106...106)
            let hash = try #require(try bench.state("hash_field").range)
            #expect(hash.lowerBound == hash.upperBound && hash.lowerBound != 0)
            let time = try #require(try bench.state("time_field").range)
            #expect(time.lowerBound >= before && time.upperBound <= Clock.monotonic)
            #expect(try bench.state("source_field").last?.value.description == "192.0.2.1")
            #expect(try bench.state("port_field").last?.value.description == "4739")
            #expect(try bench.state("mac_field").last?.value.description == "02:00:00:00:00:01")
            let payload = try #require(try bench.state("payload_field").last?.value.bytes)
            #expect(payload == [UInt8](repeating: 99, count: 13))
            for name in ["ifindex_field", "number_field", "payload_field"] {
                let state = try bench.state(name)
                #expect(state.set == 100 && state.got == 100 && state.notSet == 0, "\(name)")
            }
            // The packet ends at byte 106, so 8 bytes from 100 on are not there: not set, rather than cut off.
            for name in ["beyond_field", "silent_field"] {
                let state = try bench.state(name)
                #expect(state.set == 0 && state.got == 0 && state.notSet == 100, "\(name)")
            }
        }
    }

    /// Generic XDP moves the area of programs that take fragments, so the producer is loaded as one that does not.
    @Test func genericModeWorksToo() throws {
        try Kernel.run {
            let bench = try Bench(mode: .generic, fields: [("tenant", "u32", "constant:7")])
            try bench.send(50)
            #expect(try bench.state("tenant").got == 50)
            #expect(try bench.state("tenant").range == 7...7)
            try bench.register("another", "u32", "constant:8")
            try bench.send(50)
            #expect(try bench.state("another").got == 50)
        }
    }

    @Test func constantsOfEachTypeArriveAsWritten() throws {
        try Kernel.run {
            let constants: [(type: String, value: String)] = [
                ("u8", "255"), ("u16", "65535"), ("u32", "4294967295"), ("u64", "18446744073709551615"),
                ("be16", "258"), ("be32", "16909060"), ("ipv4", "203.0.113.9"), ("ipv6", "2001:db8::7"),
                ("mac", "02:00:5e:10:00:ff"), ("bytes:1", "0x5a"), ("bytes:7", "0x01020304050607"),
                ("bytes:64", "0x" + (0..<64).map { String($0 + 0x10, radix: 16) }.joined()),
            ]
            let bench = try Bench(
                capacity: 216,
                fields: constants.enumerated().map { ("field_\($0)", $1.type, "constant:\($1.value)") }
                    + [("marker", "flag", "constant")])
            try bench.send(10)
            for (index, constant) in constants.enumerated() {
                let state = try bench.state("field_\(index)")
                #expect(state.last?.value.description == constant.value, "\(constant.type)")
                #expect(state.got == 10)
            }
            #expect(try bench.state("marker").got == 10)
        }
    }

    @Test func sequenceNumbersDoNotRepeat() throws {
        try Kernel.run {
            let bench = try Bench(statistics: .all, fields: [("number_field", "u64", "sequence")])
            try bench.send(500)
            // A program loaded anew goes on where the last one stopped.
            try bench.register("another", "u32", "ifindex")
            try bench.send(1)
            let last = try #require(try bench.state("number_field").last?.value.number)
            // Each CPU numbers its packets k, k + cpus, k + 2 cpus...: the last number is the newest of its CPU.
            let counted = try bench.sequenceCounters()
            let cpus = UInt64(counted.count)
            #expect(counted.reduce(0, +) == 501)
            #expect(counted[Int(last % cpus)] == last / cpus + 1)
            #expect(try bench.state("number_field").histogram.reduce(0, +) == 501)
        }
    }

    @Test func flowHashesTellFlowsApart() throws {
        try Kernel.run {
            let bench = try Bench(statistics: .all, fields: [("hash_field", "u32", "flow-hash")])
            try bench.send(5)
            let one = try #require(try bench.state("hash_field").range)
            #expect(one.count == 1)
            // Each send is a new socket with a port of its own: another flow.
            for _ in 0..<8 { try bench.send(1) }
            let all = try #require(try bench.state("hash_field").range)
            #expect(all.lowerBound != all.upperBound)
        }
    }

    /// What says that it is IPv4 and has no room for IPv4's header has no flow.
    @Test func aHeaderThatIsNoneHasNoFlow() throws {
        try Kernel.run {
            let bench = try Bench(statistics: .all, fields: [("hash_field", "u32", "flow-hash")])
            let packet = Frame.ipv4(6, from: [10, 1, 2, 3], to: [192, 0, 2, 2], Frame.ports(1000, 2000))
            let sender = try bench.pair.inSender { try FrameSender(VethPair.near) }
            for first: UInt8 in [0x41, 0x44, 0x45] {
                try sender.send(Frame.ethernet(0x800, [first] + packet.dropFirst()))
            }
            #expect(try eventually { try bench.state("hash_field").got == 3 })
            let state = try bench.state("hash_field")
            #expect(state.range?.lowerBound == 0 && state.histogram[0] == 2 && state.last?.value.number != 0)
        }
    }

    @Test func attachedProgramsFollowTheRegistry() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("first", "u32", "constant:1")])
            try bench.send(10)
            try bench.register("second", "u16", "constant:2")
            try bench.send(10)
            #expect(try bench.state("first").got == 20)
            #expect(try bench.state("second").got == 10)

            _ = try bench.registry.unregister(FieldName("first"))
            let third = try bench.register("third", "u32", "constant:3")
            #expect(third.layout.offset == 8, "the test needs the bytes of the first field")
            try bench.send(10)
            #expect(try bench.state("second").got == 20)
            let state = try bench.state("third")
            #expect(state.got == 10 && state.range == 3...3, "counts start afresh in a slot used before")
        }
    }

    @Test func aFullRegistryWorks() throws {
        try Kernel.run {
            let bench = try Bench(fields: [])
            for index in 0..<31 { try bench.register("field_\(index)", "u8", "constant:\(index)") }
            #expect {
                try bench.register("one_more", "flag", "constant")
            } throws: {
                ($0 as? PacketMetadataError)?.kind == .taken
            }
            try bench.send(20)
            for index in 0..<31 {
                let state = try bench.state("field_\(index)")
                #expect(state.got == 20 && state.range == UInt64(index)...UInt64(index))
            }
        }
    }
}
