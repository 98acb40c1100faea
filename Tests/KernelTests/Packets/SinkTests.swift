// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import PacketMetadata
import RegistryModel
import SystemPackage
import TestSupport
import Testing

/// What the consumer leaves for the programs and the stack behind it.
@Suite(Kernel.required) struct SinkTests {
    /// What a program behind the consumer saw of the last packet.
    struct Seen: Equatable {
        var mark: UInt32 = 0xa5a5_a5a5
        var priority: UInt32 = 5
        var queueMapping: UInt32 = 6
    }

    /// The prebuilt pair between a program that sets mark, priority and queue, and one that reads them.
    final class Bench {
        let pair: PairTests.Bench
        private let preset: Neighbour
        private let observer: Neighbour

        init() throws {
            let pair = try PairTests.Bench()
            _ = try pair.pair.inReceiver { try pair.registry.detach(from: [VethPair.far], hooks: [.tcIngress]) }
            preset = try Neighbour("preset", pair.pair)
            _ = try pair.pair.inReceiver {
                try pair.registry.attach(AttachmentRequest(xdp: .unchanged), to: [VethPair.far])
            }
            observer = try Neighbour("observe", pair.pair)
            self.pair = pair
        }

        /// A program before or behind the consumer.
        final class Neighbour {
            let observed: BPFMap
            private let link: BPFLink

            init(_ program: String, _ pair: VethPair) throws {
                let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("sink_observer")), name: "observer")
                let loaded = try object.load(only: program)
                observed = try object.map("observed")
                link = try pair.inReceiver {
                    try BPFLink.tcx(loaded, ifindex: NetworkInterface(named: VethPair.far).index, .ingress)
                }
            }
        }

        func register(_ name: String, _ type: String, _ value: String, sink: String) throws {
            let type = try FieldType(type)
            let definition = try FieldDefinition(
                name: FieldName(name), type: type, source: FieldSource("constant:\(value)", type: type),
                sink: FieldSink(sink, type: type))
            _ = try pair.registry.register(definition)
        }

        func unregister(_ name: String) throws { _ = try pair.registry.unregister(FieldName(name)) }

        /// Sends, and gives back what the last packet had.
        func send(_ count: UInt32) throws -> Seen {
            let before = try observation()[0]
            try pair.send(Int(count))
            let arrived = try eventually { try observation()[0] == before + count }
            #expect(arrived)
            let words = try observation()
            return Seen(mark: words[1], priority: words[2], queueMapping: words[3])
        }

        private func observation() throws -> [UInt32] {
            let bytes = try observer.observed.values(at: 0)[0]
            return stride(from: 0, to: 16, by: 4).map { decode(Array(bytes[$0..<$0 + 4]), as: UInt32.self) }
        }

        func counts(_ name: String) throws -> [UInt64] {
            let state = try pair.state(name)
            #expect(state.got == state.sunk + state.notSunk)
            return [state.sunk, state.notSunk]
        }
    }

    @Test func withoutSinksNothingIsTouched() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.register("tenant", "u32", "7", sink: "none")
            #expect(try bench.send(5) == Seen())
            #expect(try bench.pair.state("tenant").sunk == 0)
        }
    }

    @Test func marksShareAWord() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.register("low", "u8", "0x0f", sink: "mark:0xff")
            try bench.register("middle", "be16", "0x123", sink: "mark:0x000fff00")
            #expect(try bench.send(10) == Seen(mark: 0xa5a1_230f))
            try bench.register("top", "u16", "1", sink: "mark:0x80000000")
            try bench.register("below", "be32", "0", sink: "mark:0x01000000")
            #expect(try bench.send(10) == Seen(mark: 0xa4a1_230f))
            #expect(try bench.counts("low") == [20, 0])
            #expect(try bench.counts("middle") == [20, 0])
            #expect(try bench.counts("top") == [10, 0])
            try bench.unregister("middle")
            #expect(try bench.send(1) == Seen(mark: 0xa4a5_a50f))
        }
    }

    @Test func theWholeMark() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.register("tenant", "u32", "0xfedcba98", sink: "mark")
            #expect(try bench.send(3) == Seen(mark: 0xfedc_ba98))
            #expect(try bench.counts("tenant") == [3, 0])
        }
    }

    @Test func valuesThatDoNotFitAreCountedOnly() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.register("wide", "u16", "0x100", sink: "mark:0xff00")
            try bench.register("top", "u32", "0xffffffff", sink: "mark:0x80000000")
            try bench.register("queue", "u32", "65535", sink: "queue-mapping")
            #expect(try bench.send(4) == Seen())
            for name in ["wide", "top", "queue"] { #expect(try bench.counts(name) == [0, 4], "\(name)") }
            try bench.unregister("queue")
            try bench.register("queue", "u32", "0x10002", sink: "queue-mapping")
            #expect(try bench.send(2) == Seen())
            #expect(try bench.counts("queue") == [0, 2])
        }
    }

    @Test func priorityAndQueueMapping() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.register("class", "be32", "0x00010002", sink: "priority")
            try bench.register("queue", "be16", "65534", sink: "queue-mapping")
            #expect(try bench.send(6) == Seen(priority: 0x1_0002, queueMapping: 65_534))
            #expect(try bench.counts("class") == [6, 0])
            #expect(try bench.counts("queue") == [6, 0])
        }
    }

    /// Packets are sent with VLAN 5.
    @Test func aPacketKeepsItsTag() throws {
        try Kernel.run {
            let bench = try Bench()
            let object = try bench.pair.registry.objectOfOthers(Fixture.object("survival_change"), name: "tagger")
            let tagger = try object.load(only: "vlan_push")
            let link = try bench.pair.pair.inSender {
                LinkBox(try BPFLink.tcx(tagger, ifindex: NetworkInterface(named: VethPair.near).index, .egress))
            }
            try bench.register("tag", "u16", "9", sink: "vlan")
            _ = try bench.send(4)
            #expect(try bench.counts("tag") == [0, 4])
            try bench.unregister("tag")
            try bench.register("tag", "u32", "5", sink: "vlan")
            _ = try bench.send(4)
            #expect(try bench.counts("tag") == [4, 0], "it has that very tag")
            try bench.unregister("tag")
            try bench.register("tag", "u32", "0x10005", sink: "vlan")
            _ = try bench.send(2)
            #expect(try bench.counts("tag") == [0, 2])
            withExtendedLifetime(link) {}
        }
    }

    /// The most that one registry can hold, which the verifier must take.
    @Test func thirtyOneSinks() throws {
        try Kernel.run {
            let bench = try Bench()
            for bit in 0..<31 {
                try bench.register("bit_\(bit)", "u8", "\(bit % 2)", sink: "mark:\(UInt32(1) << UInt32(bit))")
            }
            #expect(try bench.send(3) == Seen(mark: 0xaaaa_aaaa))
            for bit in 0..<31 { #expect(try bench.counts("bit_\(bit)") == [3, 0]) }
        }
    }

    @Test func theCommandTakesAndShowsIt() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            func command(_ arguments: String...) -> CommandRun {
                CommandRun(arguments + ["--registry", scratch.path.string])
            }
            #expect(command("register-field", "tenant", "--type", "u16", "--sink", "mark:0xff00").exitCode == 0)
            let taken = command("register-field", "zone", "--type", "u16", "--sink", "mark:0x100")
            #expect(taken.exitCode == 73)
            #expect(taken.errors.contains("its sink mark:0x100 overlaps mark:0xff00, the sink of tenant"))
            let wide = command("register-field", "zone", "--type", "u64", "--sink", "priority")
            #expect(wide.exitCode == 64)
            #expect(command("inspect-map", "registry").output.contains("mark:0xff00"))
            let json = try command("inspect-map", "--json").json
            let fields = try #require(json["fields"] as? [[String: any Sendable]])
            let field = try #require(fields[0]["field"] as? [String: any Sendable])
            #expect(field["sink"] as? String == "mark:0xff00")
        }
    }
}
