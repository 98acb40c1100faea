// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// Packets whose addresses in the kernel are used again at once, told apart: each packet's payload says which one it is, and to
/// which port it was sent, so that one that goes on as another shows.
@Suite(Kernel.required) struct TraceIdentityTests {
    private static let count: UInt32 = 3000

    /// What there is to send to.
    enum Way: CaseIterable {
        /// To the host itself and through it, some to sockets that read them, some to nobody.
        case forwarded
        /// The same, with another source behind the host.
        case translated
        /// The same, also as the sender has them, where they have no fields yet.
        case fromTheSender
        /// To the host itself, by itself and out of a tunnel.
        case tunnelled
    }

    @Test(arguments: Way.allCases)
    func noPacketGoesOnAsAnother(_ way: Way) throws {
        try Kernel.run {
            let scene = try Scene(way)
            let packets = try scene.trace(Self.count)
            let groups = Dictionary(grouping: packets, by: \.number)
            var (numbers, wrong, unsure) = (Set<UInt64>(), [String](), 0)
            for (number, own) in groups {
                let sure = own.prefix { $0.isSure }
                if sure.count < own.count { unsure += 1 }
                guard let truth = sure.lazy.compactMap(scene.truth).first else { continue }
                let isOwn = sure.allSatisfy { scene.isAt($0, truth) } && numbers.insert(truth).inserted
                if !isOwn { wrong.append("#\(number), \(truth): \(own.map(scene.line))") }
            }
            #expect(wrong.isEmpty, "\(wrong.count) of \(groups.count): \(wrong.prefix(5))")
            // Nor is all taken for unsure, or each station for a packet of its own.
            #expect(unsure * 50 < groups.count, "\(unsure) of \(groups.count) unsure")
            #expect(numbers.count > Int(Self.count) / 100 * 98, "\(numbers.count)")
            // A veth end with native XDP makes a new packet of one that is sent to it.
            let perPacket = way == .fromTheSender ? 2 : 1
            #expect(groups.count < Int(Self.count) / 100 * 102 * perPacket, "\(groups.count)")
            try scene.expectWholeWays(groups.values.filter { $0.contains { scene.truth($0) != nil } })
        }
    }

    /// Short connections over TCP, whose packets' ids and sequence numbers are theirs.
    @Test func connectionsAreToldApart() throws {
        try Kernel.run {
            let fields = [
                ("port", "be16", "payload:34"), ("id", "be16", "payload:18"), ("sequence", "be32", "payload:38"),
            ]
            let bench = try PairTests.Bench(fields: fields)
            var request = TraceRequest()
            request.bufferSize = 32 << 20
            let stream = try bench.registry.trace(request)
            var packets: [TracedPacket] = []
            for round in 0..<100 {
                try TCPTransfer.run(1000 + round * 97, over: bench.pair)
                packets += try TraceTests.events(stream)
            }
            #expect(try stream.counts().dropped == 0)
            let groups = Dictionary(grouping: packets, by: \.number).values
            var wrong = 0
            for own in groups {
                let sure = own.filter(\.isSure)
                let values = Set(sure.compactMap { $0.fields?.sorted { $0.name.text < $1.name.text }.map(\.value) })
                let sources = Set(sure.compactMap { $0.flow?.source.port.map(UInt64.init) })
                if values.count > 1 || sources.count > 1 { wrong += 1 }
            }
            #expect(groups.count > 500)
            #expect(wrong == 0, "\(wrong) of \(groups.count)")
            #expect(packets.filter { !$0.isSure }.count * 50 < packets.count)
        }
    }

    /// An application that reads at once frees packets whose addresses, and memory, the next ones get: without a word, where
    /// no function is traced. Each packet's values stay its own.
    @Test(arguments: [1, 16]) func addressesThatAreUsedAgainAreOtherPackets(burst: UInt32) throws {
        try Kernel.run {
            let bench = try PairTests.Bench(fields: TraceTests.fields)
            let socket = try bench.pair.inReceiver { Box(try ReceivingSocket(port: VethPair.port)) }
            var request = TraceRequest()
            request.bufferSize = 32 << 20
            let stream = try bench.registry.trace(request)
            let count: UInt32 = 1600
            var packets: [TracedPacket] = []
            for start in stride(from: 0, to: count, by: Int(burst)) {
                try TraceTests.send(start..<start + burst, over: bench.pair)
                var read: UInt32 = 0
                let isRead = eventually {
                    while socket.value.receive() != nil { read += 1 }
                    return read == burst
                }
                #expect(isRead)
                packets += try TraceTests.events(stream)
            }
            packets += try TraceTests.events(stream)
            let groups = Dictionary(grouping: packets, by: \.number)
            #expect(groups.count == Int(count), "\(groups.count)")
            #expect(try stream.counts().dropped == 0)
            var (wrong, numbers) = (0, Set<UInt64>())
            for (_, own) in groups where own.allSatisfy(\.isSure) {
                let values = Set(own.compactMap { TraceTests.value($0, "number") })
                if values.count != 1 || !numbers.insert(values.first ?? 0).inserted { wrong += 1 }
            }
            #expect(wrong == 0)
            // What else of the kernel's has such an address in between and is freed is taken for an unsure end.
            #expect(numbers.count > Int(count) / 10 * 9, "\(Int(count) - numbers.count) unsure")
        }
    }

    // MARK: Copies

    /// A tap gets a copy, which shares the packet's memory and so its area.
    @Test func aCopyIsToldFromItsOriginal() throws {
        try Kernel.run {
            let bench = try PairTests.Bench(fields: TraceTests.fields)
            let socket = try bench.pair.inReceiver { Box(try ReceivingSocket(port: VethPair.port)) }
            let tap = try bench.pair.inReceiver { try PacketTap() }
            let stream = try bench.registry.trace()
            try TraceTests.send(1..<2, over: bench.pair)
            _ = try TraceTests.packets(stream) { $0.contains { $0.station.name == "receive" } }
            try waitForRunningPrograms()
            #expect(eventually { tap.hasSeenPacket() })
            let copies = try TraceTests.packets(stream) { $0.contains { $0.isFirst } }.filter { $0.number == 2 }
            #expect(copies.first?.copyOf == 1 && copies.first?.station.name == "read", "\(copies.map(TraceTests.line))")
            #expect(copies.first?.reader?.process == UInt32(ProcessID.current))
            #expect(copies.allSatisfy { TraceTests.value($0, "number") == 1 })
            withExtendedLifetime(socket) {}
        }
    }

    /// A copy shares its original's memory also when that one has ended, and is none of the packets that were asked for.
    @Test func copiesThatOutliveTheirOriginals() throws {
        try Kernel.run {
            let bench = try PairTests.Bench(fields: TraceTests.fields)
            let tap = try bench.pair.inReceiver { try PacketTap() }
            var request = TraceRequest()
            request.count = 2
            let stream = try bench.registry.trace(request)
            for number: UInt32 in 1...2 {
                try TraceTests.send(number..<number + 1, over: bench.pair)
                let ended = try TraceTests.packets(stream) { $0.contains { $0.drop != nil } }
                #expect(ended.last.flatMap { TraceTests.value($0, "number") } == UInt64(number))
                if number == 2 { break }
                #expect(eventually { tap.hasSeenPacket() })
                let copies = try TraceTests.packets(stream) { $0.contains { $0.station.name == "read" } }
                #expect(copies.first?.copyOf == 1 && copies.first?.number == 2, "\(copies.map(TraceTests.line))")
            }
        }
    }

    // MARK: The scene

    private final class Scene {
        /// The lower half of them has sockets, and nobody reads at the others. One, to ask for it, where others' packets would be
        /// followed too.
        private let ports: Range<UInt16>
        private let way: Way
        private let chain: VethChain?
        private let pair: VethPair
        private let scratch = ScratchRegistry()
        private let registry: Registry
        private var sockets: [Box<ReceivingSocket>] = []
        private var senders: [[Box<UDPSender>]] = []
        private var link: LinkBox?
        private var random = SystemRandomNumberGenerator()

        init(_ way: Way) throws {
            self.way = way
            let start = 4750 + 8 * UInt16(Way.allCases.firstIndex(of: way) ?? 0)
            ports = start..<start + (way == .fromTheSender ? 1 : 8)
            chain = way == .tunnelled ? nil : try VethChain()
            pair = try chain?.pair ?? VethPair()
            registry = try Registry.openOrCreate(at: scratch.path)
            for (name, place) in [("number", 42), ("inner", 92)] {
                let type = try FieldType("be32")
                _ = try registry.register(
                    FieldDefinition(
                        name: FieldName(name), type: type, source: FieldSource("payload:\(place)", type: type)))
            }
            if way == .tunnelled { try pair.addTunnels() }
            try pair.inReceiver {
                _ = try registry.attach(AttachmentRequest(), to: [VethPair.far])
                if way == .translated { try translate() }
                try openSockets()
            }
            try chain?.inOnward { try openSockets() }
            let far: [UInt8] = [192, 0, 2, 2]
            let other = way == .tunnelled ? VethPair.farTunnelAddress : VethChain.endAddress
            try pair.inSender {
                senders = try [far, other].map { host in
                    try ports.map { Box(try UDPSender(to: host, port: $0)) }
                }
            }
        }

        private func openSockets() throws {
            for port in ports.prefix((ports.count + 1) / 2) { sockets.append(Box(try ReceivingSocket(port: port))) }
        }

        /// Where packets go out of the host, in front of the queue.
        private func translate() throws {
            let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("translating_tc")), name: "translating")
            let program = try object.load(only: object.programs[0].name)
            let ifindex = try NetworkInterface(named: VethChain.out).index
            if SurvivalKernel.running.hasTCX {
                link = LinkBox(try BPFLink.tcx(program, ifindex: ifindex, .egress))
            } else {
                _ = try ClsactQdisc.create(ifindex: ifindex)
                _ = try TCFilter.attach(program, ifindex: ifindex, .egress)
            }
        }

        /// What is told of so many packets.
        func trace(_ count: UInt32) throws -> [TracedPacket] {
            var request = TraceRequest()
            request.bufferSize = 64 << 20
            if way == .fromTheSender {
                request.filter.includesPacketsWithoutFields = true
                request.filter.destinationPort = ports.lowerBound
            }
            var packets: [TracedPacket] = []
            let stream = try registry.trace(request)
            var next: UInt32 = 0
            while next < count {
                let end = min(next + UInt32.random(in: 1...16, using: &random), count)
                try pair.inSender { for number in next..<end { try send(number) } }
                next = end
                for socket in sockets where Bool.random(using: &random) {
                    while socket.value.receive() != nil {}
                }
                packets += try TraceTests.events(stream)
            }
            try waitForRunningPrograms()
            packets += try TraceTests.events(stream)
            #expect(try stream.counts().dropped == 0)
            let copies = Set(packets.filter { $0.copyOf != nil }.map(\.number))
            return packets.filter { isOurs($0) && !copies.contains($0.number) }
        }

        private func send(_ number: UInt32) throws {
            let size = [60, 60, 300, 1300].randomElement(using: &random) ?? 60
            let host = Int.random(in: 0...1, using: &random)
            let port = Int(self.port(of: UInt64(number)) - ports.lowerBound)
            try senders[host][port].value.send(encode(number.bigEndian) + [UInt8](repeating: 1, count: size))
        }

        private func port(of number: UInt64) -> UInt16 {
            ports.lowerBound + UInt16(number % UInt64(ports.count))
        }

        // MARK: What is true

        /// Which packet it is, by what it carries; nil: it has no area there, or is none of those sent.
        func truth(_ packet: TracedPacket) -> UInt64? {
            let isOuter = packet.flow?.destination.port == 4789
            return packet.fields?.first { $0.name.text == (isOuter ? "inner" : "number") }?.value.number
        }

        private func isOurs(_ packet: TracedPacket) -> Bool {
            // All packets are others' too, and ARP's.
            guard let port = packet.flow?.destination.port, packet.flow?.protocol == 17 else { return false }
            return port == 4789 && way == .tunnelled || ports.contains(port)
        }

        func isAt(_ packet: TracedPacket, _ truth: UInt64) -> Bool {
            let port = packet.flow?.destination.port
            return (port == 4789 || port == self.port(of: truth)) && (self.truth(packet) ?? truth) == truth
        }

        func line(_ packet: TracedPacket) -> String {
            "\(packet.station.name)\(packet.isSure ? "" : "?") \(packet.interface?.name ?? "") "
                + "\(packet.flow?.destination.port ?? 0) \(truth(packet) ?? 0)"
        }

        /// Some have come through all that the way has.
        func expectWholeWays(_ groups: [[TracedPacket]]) throws {
            let whole = groups.filter { own in
                let sure = own.filter(\.isSure)
                switch way {
                case .forwarded, .fromTheSender:
                    return sure.contains { $0.interface?.name == VethPair.far }
                        && sure.contains { $0.interface?.name == VethChain.end }
                case .translated:
                    return sure.contains { $0.interface?.name == VethChain.end }
                        && Set(sure.compactMap { $0.flow?.source.address.description }).count == 2
                case .tunnelled:
                    return sure.contains { $0.interface?.name == VethPair.tunnel && $0.hasLostArea }
                }
            }
            #expect(whole.count > groups.count / 3, "\(whole.count) of \(groups.count)")
        }
    }
}
