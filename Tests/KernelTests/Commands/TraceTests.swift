// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// Packets followed through the kernel, as a library.
@Suite(Kernel.required) struct TraceTests {
    typealias Bench = PairTests.Bench

    /// The first bytes of each packet's payload, so that its values say which packet it is.
    static let fields = [("number", "be32", "payload:42"), ("tenant", "u32", "constant:7")]

    /// Takes what a trace tells until that is enough.
    static func packets(
        _ stream: TraceStream, until isEnough: ([TracedPacket]) -> Bool
    ) throws -> [TracedPacket] {
        var packets: [TracedPacket] = []
        let came = try eventually {
            packets += try events(stream)
            return isEnough(packets)
        }
        #expect(came, "\(packets.map(line))")
        return packets
    }

    /// What is there.
    static func events(_ stream: TraceStream) throws -> [TracedPacket] {
        var packets: [TracedPacket] = []
        while true {
            let events = try stream.read()
            if events.isEmpty { return packets }
            packets += events.compactMap { if case .packet(let packet) = $0 { packet } else { nil } }
        }
    }

    static func line(_ packet: TracedPacket) -> String {
        "#\(packet.number)\(packet.isSure ? "" : "?") \(packet.station.name) \(packet.interface?.name ?? "")"
            + (packet.drop.map { " \($0)" } ?? "") + (packet.fields == nil ? ", no area" : "")
    }

    static func value(_ packet: TracedPacket, _ name: String) -> UInt64? {
        packet.fields?.first { $0.name.text == name }?.value.number
    }

    /// Sends datagrams with these numbers from the near end.
    static func send(
        _ numbers: Range<UInt32>, over pair: VethPair, to address: [UInt8] = [192, 0, 2, 2],
        port: UInt16 = VethPair.port
    ) throws {
        try pair.inSender {
            let sender = try UDPSender(to: address, port: port)
            for number in numbers { try sender.send(encode(number.bigEndian) + [UInt8](repeating: 1, count: 60)) }
        }
    }

    /// Tracepoints' stations, whatever functions this kernel shows besides.
    static func tracepoints(_ packets: [TracedPacket]) -> [String] {
        packets.filter { if case .tracepoint = $0.station.source { true } else { false } }.map(\.station.name)
    }

    // MARK: Stations

    @Test func aDatagramForNobodyIsDroppedWithTheKernelsReason() throws {
        try Kernel.run {
            let bench = try Bench(fields: Self.fields)
            let stream = try bench.registry.trace()
            let before = Clock.monotonic
            try Self.send(1000..<1003, over: bench.pair)
            let packets = try Self.packets(stream) { $0.filter { $0.drop != nil }.count == 3 }
            let after = Clock.monotonic
            for number in 1...3 {
                let own = packets.filter { $0.number == number }
                #expect(Self.tracepoints(own) == ["gro", "receive", "dropped"], "\(own.map(Self.line))")
                #expect(own.map(\.isFirst) == [true] + own.dropFirst().map { _ in false })
                #expect(own.allSatisfy { $0.isSure && $0.copyOf == nil && !$0.hasLostArea })
                #expect(own.allSatisfy { Self.value($0, "number") == UInt64(999 + number) })
                #expect(own[0].news.map(\.name.text).sorted() == ["number", "tenant"])
                #expect(own.dropFirst().allSatisfy { $0.news.isEmpty && !$0.isOtherFlow })
                let flow = try #require(own[0].flow)
                #expect(own[0].isOtherFlow && flow.protocol == 17 && flow.destination.port == VethPair.port)
                #expect(flow.source.address.description == VethPair.nearAddress)
                #expect(flow.destination.address.description == VethPair.farAddress)
                // From the network header on.
                #expect(own[0].length == 92 && own[0].etherType == 0x800)
                let interface = try #require(own[0].interface)
                #expect(interface.name == VethPair.far)
                #expect(own.map(\.age) == own.map { $0.time - own[0].time })
                #expect(own.map(\.age).sorted() == own.map(\.age))
                #expect(own.allSatisfy { (before...after).contains($0.time) })
                let drop = try #require(own.last?.drop)
                #expect(drop.reason == (SurvivalKernel.running >= .linux61 ? "NO_SOCKET" : nil))
                #expect(drop.function?.contains("udp") == true, "\(drop)")
            }
            #expect(try stream.counts().dropped == 0)
        }
    }

    /// A packet has one number through three namespaces, and each interface's name.
    @Test func aForwardedPacketIsFollowedIntoTheNextNamespace() throws {
        try Kernel.run {
            let chain = try VethChain()
            let scratch = ScratchRegistry()
            let registry = try Registry.openOrCreate(at: scratch.path)
            for (name, type, source) in Self.fields {
                let type = try FieldType(type)
                _ = try registry.register(
                    FieldDefinition(name: FieldName(name), type: type, source: FieldSource(source, type: type)))
            }
            try chain.pair.inReceiver { _ = try registry.attach(AttachmentRequest(), to: [VethPair.far]) }
            let stream = try chain.pair.inReceiver { try registry.trace() }
            try Self.send(5..<6, over: chain.pair, to: VethChain.endAddress)
            let packets = try Self.packets(stream) { $0.contains { $0.drop != nil } }
            let own = packets.filter { $0.number == 1 }
            let stations = Self.tracepoints(own)
            #expect(Array(stations.prefix(4)) == ["gro", "receive", "queue", "transmit"], "\(own.map(Self.line))")
            #expect(stations.last == "dropped" && stations.filter { $0 == "receive" }.count == 2)
            let last = try #require(own.filter { $0.station.name == "receive" }.last?.interface)
            #expect(last.name == VethChain.end)
            let inodes = try (chain.onward.inode(), chain.pair.receiver.inode())
            #expect(last.namespace == .inode(UInt32(inodes.0)))
            let first = try #require(own.first?.interface)
            #expect(first.name == VethPair.far && inodes.1 != inodes.0)
            // What veth hands on to another namespace has its area still (Survival).
            #expect(own.allSatisfy { Self.value($0, "number") == 5 }, "\(own.map(Self.line))")
        }
    }

    @Test func whatTCDropsIsToldSo() throws {
        try Kernel.run {
            guard SurvivalKernel.running.hasTCX else { return }  // the reason came later than these have it
            let bench = try Bench(fields: Self.fields)
            let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("dropping_tc")), name: "dropping")
            let program = try object.load(only: object.programs[0].name)
            let link = try bench.pair.inReceiver {
                try BPFLink.tcx(program, ifindex: NetworkInterface(named: VethPair.far).index, .ingress)
            }
            let stream = try bench.registry.trace()
            try Self.send(1..<2, over: bench.pair)
            let packets = try Self.packets(stream) { $0.contains { $0.drop != nil } }
            #expect(packets.last?.drop?.reason == "TC_INGRESS")
            try link.detach()
        }
    }

    /// Behind the tunnel the packet has no area and another flow, and is the same packet.
    @Test func aPacketIsFollowedOutOfATunnel() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            try bench.pair.addTunnels()
            let stream = try bench.registry.trace()
            try Self.send(1..<2, over: bench.pair, to: VethPair.farTunnelAddress)
            let packets = try Self.packets(stream) { $0.contains { $0.drop != nil && $0.number == 1 } }
                .filter { $0.number == 1 }
            let lost = packets.filter(\.hasLostArea)
            let inner = try #require(lost.first)
            #expect(inner.interface?.name == VethPair.tunnel && inner.isOtherFlow, "\(packets.map(Self.line))")
            #expect(inner.flow?.destination.address.description == "198.51.100.2")
            #expect(packets[0].flow?.destination.port == 4789)
            #expect(packets.last?.flow?.destination.port == VethPair.port)
        }
    }

    /// As a question for an address of the tunnel's network that nobody has.
    @Test func whatHasNoFlowIsToldOutOfATunnelToo() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            try bench.pair.addTunnels()
            let stream = try bench.registry.trace()
            try Self.send(1..<2, over: bench.pair, to: [198, 51, 100, 9])
            let packets = try Self.packets(stream) { $0.contains { $0.interface?.name == VethPair.tunnel } }
            let inner = try #require(packets.first(where: { $0.interface?.name == VethPair.tunnel }))
            #expect(inner.etherType == 0x806 && inner.flow == nil && inner.isOtherFlow && inner.isSure)
            #expect(packets.first { $0.number == inner.number }?.flow?.destination.port == 4789)
        }
    }

    // MARK: What is chosen

    @Test func onlyPacketsThatAreAskedForAreFollowed() throws {
        try Kernel.run {
            let bench = try Bench(
                fields: Self.fields + [("long", "bytes:7", "payload:42"), ("short", "u8", "payload:45")])
            func numbers(_ conditions: [String], port: UInt16? = nil, sample: Int = 1) throws -> [UInt64] {
                var request = TraceRequest()
                request.filter.conditions = try conditions.map { try PacketFilter.Condition($0) }
                request.filter.destinationPort = port
                request.sample = sample
                let stream = try bench.registry.trace(request)
                try Self.send(0..<10, over: bench.pair)
                #expect(try eventually { try stream.counts().seen >= 30 })
                try waitForRunningPrograms()
                return try Self.events(stream).filter(\.isFirst).compactMap { Self.value($0, "number") }.sorted()
            }
            #expect(try numbers([]) == Array(0..<10))
            #expect(try numbers(["tenant=8"]) == [])
            #expect(try numbers(["number>=4", "number<6"]) == [4, 5])
            #expect(try numbers(["number!=3", "short<=4"]) == [0, 1, 2, 4])
            #expect(try numbers(["long=0x00000005010101"]) == [5])
            #expect(try numbers(["long!=0x00000005010101", "number>4"]) == [6, 7, 8, 9])
            #expect(try numbers(["short=7", "tenant"], port: VethPair.port) == [7])
            #expect(try numbers(["short=7"], port: 1) == [])
        }
    }

    @Test func noMoreThanWereAskedForAreFollowed() throws {
        try Kernel.run {
            let bench = try Bench(fields: Self.fields)
            var request = TraceRequest()
            request.count = 3
            let stream = try bench.registry.trace(request)
            try Self.send(0..<10, over: bench.pair)
            let packets = try Self.packets(stream) { $0.filter { $0.drop != nil }.count == 3 }
            try Self.send(10..<20, over: bench.pair)
            #expect(try (packets + Self.events(stream)).allSatisfy { $0.number <= 3 })
            #expect(Set(packets.map(\.number)) == [1, 2, 3])
        }
    }

    /// Packets without an area are followed by whose they are.
    @Test func packetsWithoutFieldsAreFollowedIfThatIsAskedFor() throws {
        try Kernel.run {
            let bench = try Bench(fields: Self.fields)
            var request = TraceRequest()
            request.filter.includesPacketsWithoutFields = true
            request.filter.destinationPort = 4741
            request.filter.destination = try AddressPrefix("192.0.2.2")
            let stream = try bench.registry.trace(request)
            try Self.send(1..<2, over: bench.pair, port: 4741)
            let packets = try Self.packets(stream) { $0.contains { $0.drop != nil } }
            // From the sender on, where it has none yet.
            #expect(packets.first?.fields == nil, "\(packets.map(Self.line))")
            #expect(packets.contains { $0.station.name == "queue" && $0.interface?.name == VethPair.near })
            #expect(packets.contains { Self.value($0, "tenant") == 7 })
        }
    }

    // MARK: The registry

    @Test func fieldsThatComeAndGoAreFollowed() throws {
        try Kernel.run {
            let bench = try Bench(fields: Self.fields)
            var request = TraceRequest()
            request.filter.conditions = [try PacketFilter.Condition("tenant>6")]
            let stream = try bench.registry.trace(request)
            func next(_ number: UInt32) throws -> TracedPacket? {
                // A change is seen when it is looked for, a moment later.
                Pause.sleep(milliseconds: 250)
                _ = try stream.read()
                try Self.send(number..<number + 1, over: bench.pair)
                Pause.sleep(milliseconds: 50)
                return try Self.events(stream).first { $0.isFirst }
            }
            #expect(try next(1).flatMap { Self.value($0, "number") } == 1)
            try bench.register("later", "u16", "constant:9")
            #expect(try next(2).flatMap { Self.value($0, "later") } == 9)
            _ = try bench.registry.unregister(FieldName("number"))
            let without = try #require(try next(3))
            #expect(without.fields?.map(\.name.text).sorted() == ["later", "tenant"])
            _ = try bench.registry.compact()
            let moved = try #require(try next(4))
            #expect(Self.value(moved, "later") == 9 && Self.value(moved, "tenant") == 7)
            // The condition is one of another field's id.
            _ = try bench.registry.unregister(FieldName("tenant"))
            #expect(try next(5) == nil)
            try bench.register("tenant", "u64", "constant:70")
            #expect(try next(6).flatMap { Self.value($0, "tenant") } == 70)
        }
    }

    @Test func anAreaOfAnotherRegistryIsNone() throws {
        try Kernel.run {
            let bench = try Bench(fields: Self.fields)
            let scratch = ScratchRegistry()
            let other = try Registry.openOrCreate(at: scratch.path)
            _ = try other.register(FieldDefinition(name: FieldName("tenant"), type: .u32))
            let stream = try other.trace()
            try Self.send(0..<5, over: bench.pair)
            #expect(try eventually { try stream.counts().seen >= 15 })
            try waitForRunningPrograms()
            #expect(try stream.counts().matched == 0)
        }
    }

    // MARK: Losses

    @Test func whatIsLostIsCounted() throws {
        try Kernel.run {
            let bench = try Bench(fields: Self.fields)
            var request = TraceRequest()
            request.bufferSize = 4096
            let stream = try bench.registry.trace(request)
            try Self.send(0..<200, over: bench.pair)
            #expect(try eventually { try stream.counts().seen >= 600 })
            try waitForRunningPrograms()
            var (told, packets): (UInt64, UInt64) = (0, 0)
            while case let events = try stream.read(), !events.isEmpty {
                for event in events {
                    switch event {
                    case .packet: packets += 1
                    case .dropped(let count): told += count
                    }
                }
            }
            let counts = try stream.counts()
            #expect(told > 0 && told == counts.dropped && packets == counts.written)
        }
    }
}
