// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Foundation
import Linux
import PktmetaABI
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// The stream of packets, as a library.
@Suite(Kernel.required) struct WatchTests {
    typealias Bench = PairTests.Bench

    static func watch(_ bench: Bench, _ change: (inout WatchRequest) throws -> Void = { _ in }) throws -> PacketStream {
        var request = WatchRequest()
        try change(&request)
        return try bench.pair.inReceiver { try bench.registry.watch(request, on: [VethPair.far]) }
    }

    /// What came up to now, all of it: packets that were sent have passed.
    static func packets(_ stream: PacketStream) throws -> [WatchedPacket] {
        var packets: [WatchedPacket] = []
        while true {
            let events = try stream.read()
            if events.isEmpty { return packets }
            packets += events.compactMap { if case .packet(let packet) = $0 { packet } else { nil } }
        }
    }

    /// Waits until so many packets have been seen, and are done with: they count before they become events.
    static func settle(_ stream: PacketStream, seen count: Int) throws {
        #expect(try eventually { try stream.counts().seen == UInt64(count) })
        try waitForRunningPrograms()
    }

    // MARK: Nothing is lost unseen

    @Test func whatIsSentIsWatchedOrDroppedAndCounted() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7"), ("number", "u32", "sequence")])
            let stream = try Self.watch(bench) { $0.bufferSize = 4096 }
            let sent = 3000
            for _ in 0..<3 {
                try bench.send(sent / 3)  // far more than the buffer holds, and nobody reads
            }
            var watched: [WatchedPacket] = []
            var dropped: UInt64 = 0
            for event in try stream.read() + stream.read() {
                switch event {
                case .packet(let packet): watched.append(packet)
                case .dropped(let count): dropped += count
                }
            }
            #expect(dropped > 0)
            #expect(watched.count > 0)
            #expect(watched.count + Int(dropped) == sent)
            let counts = try stream.counts()
            #expect(counts == PacketCounts(seen: 3000, matched: 3000, written: UInt64(watched.count), dropped: dropped))
            // Those that were kept are the first ones, in their order, and once there is room it goes on.
            try bench.send(2)
            let later = try Self.packets(stream)
            #expect(later.count == 2)
            let numbers = try (watched + later).map { packet in
                try #require(packet.fields.first { $0.name.text == "number" }?.value.number)
            }
            #expect(Set(numbers).count == numbers.count)
        }
    }

    /// A record may begin at the end of the buffer and go on at its beginning.
    @Test func recordsAreWholeWhereTheBufferEnds() throws {
        try Kernel.run {
            let bench = try Bench(fields: (0..<6).map { ("field_\($0)", "u64", "constant:\(7_000_000_000 + $0)") })
            let stream = try Self.watch(bench) { $0.bufferSize = 4096 }
            for round in 0..<50 {
                try bench.send(7)
                try Self.settle(stream, seen: 7 * (round + 1))
                let packets = try Self.packets(stream)
                #expect(packets.count == 7)
                for packet in packets {
                    let numbers = packet.fields.map(\.value.number)
                    #expect(numbers == (0..<6).map { 7_000_000_000 + $0 })
                }
            }
        }
    }

    @Test func commandAtARateThatOverruns() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            let before = try bench.registry.areaState().found
            let traffic = BackgroundTraffic(bench.pair, isPaced: false)
            let run = try bench.pair.inReceiver {
                CommandRun([
                    "watch", VethPair.far, "--json", "--duration", "1", "--buffer", "4096", "--registry",
                    bench.scratch.path.string,
                ])
            }
            _ = try traffic.stop()
            #expect(run.exitCode == 0, "\(run.errors)")
            let lines = run.output.split(separator: "\n")
            let drops = lines.filter { $0.hasPrefix("{\"dropped\"") }
            let dropped = drops.reduce(0) { $0 + (Int($1.dropFirst(11).prefix(while: \.isNumber)) ?? 0) }
            let shown = lines.count - drops.count
            #expect(dropped > 0 && shown > 0)
            // What it says at the end is what it has shown, and all that it saw.
            #expect(
                run.errors.hasSuffix(
                    "note: \(shown) packets shown, \(dropped) dropped for lack of room in the buffer; of \(shown + dropped) seen, \(shown + dropped) matched"
                ), "\(run.errors)")
            #expect(try bench.registry.areaState().found >= before + UInt64(shown + dropped))
        }
    }

    // MARK: What is told

    @Test func valuesOfEachTypeAtTheirExtremes() throws {
        try Kernel.run {
            let bench = try Bench(
                capacity: 216,
                fields: InspectionTests.extremes.enumerated().map {
                    ("f\($0)", $1.type, "constant" + ($1.value.isEmpty ? "" : ":\($1.value)"))
                })
            let stream = try Self.watch(bench)
            try bench.send(2)
            let packets = try Self.packets(stream)
            #expect(packets.count == 2)
            for packet in packets {
                let values = Dictionary(
                    uniqueKeysWithValues: packet.fields.map { ($0.name.text, $0.value.description) })
                let expected = InspectionTests.extremes.enumerated().map { ("f\($0)", $1.text) }
                #expect(values == Dictionary(uniqueKeysWithValues: expected))
            }
        }
    }

    @Test func aFullRegistryAndTheFieldsAskedFor() throws {
        try Kernel.run {
            let bench = try Bench(capacity: 128, fields: (1...31).map { ("f\($0)", "u16", "constant:\($0)") })
            let all = try Self.watch(bench)
            let some = try Self.watch(bench) { $0.fields = [try FieldName("f30"), try FieldName("f2")] }
            try bench.send(1)
            let packet = try #require(try Self.packets(all).first)
            #expect(packet.fields.count == 31)
            #expect(packet.fields.allSatisfy { "f\($0.value)" == $0.name.text })
            #expect(try Self.packets(some).first?.fields.map(\.name.text) == ["f2", "f30"])
        }
    }

    /// A frame, and what is told of it.
    struct Case: CustomTestStringConvertible {
        let name: String
        let frame: [UInt8]
        let told: String
        var testDescription: String { name }
    }

    private static let v4 = (source: [UInt8]([10, 1, 2, 3]), destination: [UInt8]([192, 0, 2, 2]))
    private static let v6 = (
        source: [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [1],
        destination: [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [2]
    )

    private static func tcp4(fragment: UInt16 = 0, options: [UInt8] = []) -> [UInt8] {
        Frame.ipv4(
            6, from: v4.source, to: v4.destination, fragment: fragment, options: options, Frame.ports(1000, 2000))
    }

    static let cases: [Case] = [
        Case(name: "TCP", frame: Frame.ethernet(0x800, tcp4()), told: "800 6 10.1.2.3:1000 192.0.2.2:2000"),
        Case(
            name: "with options", frame: Frame.ethernet(0x800, tcp4(options: [1, 1, 1, 0])),
            told: "800 6 10.1.2.3:1000 192.0.2.2:2000"),
        Case(
            name: "first fragment", frame: Frame.ethernet(0x800, tcp4(fragment: 0x2000)),
            told: "800 6 10.1.2.3:1000 192.0.2.2:2000"),
        Case(
            name: "later fragment", frame: Frame.ethernet(0x800, tcp4(fragment: 0x2005)),
            told: "800 6 10.1.2.3:- 192.0.2.2:-"),
        Case(
            name: "ICMP",
            frame: Frame.ethernet(0x800, Frame.ipv4(1, from: v4.source, to: v4.destination, Frame.ports(8, 1))),
            told: "800 1 10.1.2.3:- 192.0.2.2:-"),
        Case(
            name: "one VLAN tag", frame: Frame.ethernet(0x800, tags: [5], tcp4()),
            told: "800 6 10.1.2.3:1000 192.0.2.2:2000"),
        Case(
            name: "two VLAN tags", frame: Frame.ethernet(0x800, tags: [7, 5], tcp4()),
            told: "800 6 10.1.2.3:1000 192.0.2.2:2000"),
        Case(
            name: "IPv6",
            frame: Frame.ethernet(0x86dd, Frame.ipv6(17, from: v6.source, to: v6.destination, Frame.ports(53, 65535))),
            told: "86dd 17 2001:db8::1:53 2001:db8::2:65535"),
        Case(
            name: "IPv6 in a VLAN",
            frame: Frame.ethernet(
                0x86dd, tags: [5], Frame.ipv6(132, from: v6.source, to: v6.destination, Frame.ports(9, 10))),
            told: "86dd 132 2001:db8::1:9 2001:db8::2:10"),
        Case(name: "ARP", frame: Frame.ethernet(0x806, [UInt8](repeating: 0, count: 28)), told: "806"),
        Case(name: "cut short", frame: Frame.ethernet(0x800, [0x45, 0, 0, 20]), told: "800"),
        Case(
            name: "a header of 4 bytes", frame: Frame.ethernet(0x800, [0x41] + tcp4().dropFirst()), told: "800"),
        Case(name: "not what it says", frame: Frame.ethernet(0x800, [UInt8](repeating: 0x60, count: 40)), told: "800"),
    ]

    @Test(arguments: cases)
    func whosePacketItIs(frame: Case) throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            let stream = try Self.watch(bench)
            try bench.pair.inSender { try FrameSender(VethPair.near).send(frame.frame) }
            var found: [WatchedPacket] = []
            #expect(
                try eventually {
                    found += try Self.packets(stream)
                    return !found.isEmpty
                })
            let packet = try #require(found.first)
            func text(_ endpoint: WatchedPacket.Endpoint) -> String {
                "\(endpoint.address):\(endpoint.port.map(String.init) ?? "-")"
            }
            let flow = packet.flow.map { " \($0.protocol) \(text($0.source)) \(text($0.destination))" } ?? ""
            #expect(String(packet.etherType, radix: 16) + flow == frame.told)
            #expect(packet.interface == VethPair.far)
            #expect(packet.fields.map(\.value.description) == ["7"])
        }
    }

    // MARK: Filters

    @Test(arguments: [
        ("tenant", 30), ("tenant=7", 30), ("tenant!=7", 0), ("tenant=8", 0), ("tenant>=7", 30), ("tenant>7", 0),
        ("tenant<8", 30), ("tenant<=6", 0), ("mac=02:00:00:00:00:01", 30), ("mac!=02:00:00:00:00:01", 0), ("silent", 0),
        ("trusted", 30), ("port=4739", 30), ("port>=4739", 30), ("port>4739", 0), ("number>=10", 20), ("number<5", 5),
    ])
    func conditionsOnFields(condition: String, matching: UInt64) throws {
        try Kernel.run {
            let bench = try Bench(
                fields: [
                    ("tenant", "u32", "constant:7"), ("mac", "mac", "payload:6"), ("silent", "u8", "none"),
                    ("trusted", "flag", "constant"), ("port", "be16", "payload:36"), ("number", "u32", "sequence"),
                ])
            let stream = try Self.watch(bench) { $0.filter.conditions = [try .init(condition)] }
            // Numbers of a sequence are dense on each CPU: one of them sends.
            try bench.pair.send(30)
            try Self.settle(stream, seen: 30)
            let numbers = try Self.packets(stream).map {
                $0.fields.first { $0.name.text == "number" }?.value.number ?? 0
            }
            let counts = try stream.counts()
            #expect(counts.matched == UInt64(numbers.count))
            if condition.hasPrefix("number") {
                #expect(numbers.allSatisfy { condition.hasPrefix("number>") ? $0 >= 10 : $0 < 5 })
            } else {
                #expect(counts.matched == matching)
            }
        }
    }

    @Test func conditionsAllHaveToHold() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("a", "u32", "constant:1"), ("b", "u32", "constant:2")])
            func matched(_ conditions: String...) throws -> UInt64 {
                let stream = try Self.watch(bench) {
                    for condition in conditions { $0.filter.conditions.append(try .init(condition)) }
                }
                try bench.send(3)
                return try stream.counts().matched
            }
            #expect(try matched("a=1", "b=2") == 3)
            #expect(try matched("a=1", "b=1") == 0)
            #expect(try matched("a=1", "a=1", "a=1", "a=1", "a=1", "a=1", "a=1", "b=1") == 0)
            #expect(throws: PacketMetadataError.self) {
                try matched("a", "a", "a", "a", "a", "a", "a", "a", "a")
            }
        }
    }

    /// Which of the frames above a filter lets through.
    @Test(arguments: [
        (["--proto", "tcp"], [0, 1, 2, 3, 5, 6]), (["--proto", "17"], [7]), (["--sport", "1000"], [0, 1, 2, 5, 6]),
        (["--dport", "65535"], [7]), (["--src", "10.1.2.3"], [0, 1, 2, 3, 4, 5, 6]),
        (["--src", "10.1.0.0/16"], [0, 1, 2, 3, 4, 5, 6]),
        (["--src", "10.1.2.2/31"], [0, 1, 2, 3, 4, 5, 6]), (["--src", "10.1.2.4/30"], []),
        (["--src", "2001:db8::/32"], [7, 8]),
        (["--dst", "2001:db8::2"], [7, 8]), (["--dst", "2001:db8::3"], []),
        (["--dst", "0.0.0.0/0"], [0, 1, 2, 3, 4, 5, 6]),
        (["--proto", "tcp", "--dst", "192.0.2.2", "--dport", "2000", "--src", "10.0.0.0/8"], [0, 1, 2, 5, 6]),
        ([], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    ])
    func filtersByFlow(options: [String], expected: [Int]) throws {
        try Kernel.run {
            let bench = try Bench(fields: [("tenant", "u32", "constant:7")])
            let filter = try #require(try FilterOptionsParser.filter(options))
            let stream = try Self.watch(bench) { $0.filter = filter }
            try bench.pair.inSender {
                let sender = try FrameSender(VethPair.near)
                for frame in Self.cases { try sender.send(frame.frame) }
            }
            try Self.settle(stream, seen: Self.cases.count)
            let told = try Self.packets(stream).map(\.length)
            #expect(told.count == expected.count)
            #expect(try stream.counts().matched == UInt64(expected.count))
        }
    }

    @Test func samplesAndPacketsWithoutFields() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("rare", "u32", "none")])
            let carrying = try Self.watch(bench)
            let all = try Self.watch(bench) { $0.filter.includesPacketsWithoutFields = true }
            let sampled = try Self.watch(bench) {
                $0.filter.includesPacketsWithoutFields = true
                $0.sample = 10
            }
            try bench.pair.send(100)
            for stream in [carrying, all, sampled] { try Self.settle(stream, seen: 100) }
            #expect(try all.counts() == PacketCounts(seen: 100, matched: 100, written: 100, dropped: 0))
            #expect(try carrying.counts() == PacketCounts(seen: 100, matched: 0, written: 0, dropped: 0))
            // Which CPU receives is the kernel's choice; each takes its first and every tenth from there on.
            let matched = try sampled.countsByCPU().map(\.matched)
            let written = matched.reduce(0) { $0 + ($1 + 9) / 10 }
            #expect(try sampled.counts() == PacketCounts(seen: 100, matched: 100, written: written, dropped: 0))
            #expect(try Self.packets(all).allSatisfy { $0.fields.isEmpty })
        }
    }

    // MARK: Beside others

    @Test func othersSeeWhatTheySawBefore() throws {
        try Kernel.run {
            let bench = try SinkTests.Bench()
            try bench.register("class", "u32", "5", sink: "mark:0xff")
            let without = try bench.send(10)
            let before = try bench.pair.registry.areaState()
            let stream = try Self.watch(bench.pair)
            #expect(try bench.send(10) == without)
            #expect(try stream.counts().written == 10)
            let after = try bench.pair.registry.areaState()
            // Only the consumer counts.
            #expect(after.found == before.found + 10)
            #expect(try bench.counts("class") == [20, 0])
        }
    }

    @Test func whatAnotherProgramDropsIsSeenBeforeIt() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("a", "u32", "constant:1")])
            let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("dropping_tc")), name: "dropping")
            let program = try object.load(only: "dropping_tc")
            let link = try bench.pair.inReceiver {
                try BPFLink.tcx(
                    program, ifindex: NetworkInterface(named: VethPair.far).index, .ingress, at: .first)
            }
            let first = try Self.watch(bench)
            let last = try Self.watch(bench) { $0.isFirst = false }
            try bench.pair.send(5)
            try Self.settle(first, seen: 5)
            #expect(try first.counts() == PacketCounts(seen: 5, matched: 5, written: 5, dropped: 0))
            #expect(try last.counts() == PacketCounts())
            #expect(try Self.packets(first).count == 5)
            // It is still the other's to say: nobody behind has seen any.
            #expect(try bench.registry.areaState().found == 0)
            withExtendedLifetime(object) {}
            _ = consume link
        }
    }

    @Test func followsTheRegistry() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("a", "u32", "constant:1"), ("b", "u32", "constant:2")])
            let stream = try Self.watch(bench)
            func namesNow() throws -> [String] {
                try bench.send(1)
                return try Self.packets(stream).last?.fields.map(\.name.text).sorted() ?? []
            }
            #expect(try namesNow() == ["a", "b"])
            try bench.register("c", "u64", "constant:3")
            #expect(try eventually { try namesNow() == ["a", "b", "c"] })
            // Events that were made before are read as they were meant.
            try bench.send(3)
            _ = try bench.registry.unregister(FieldName("a"))
            try bench.register("d", "bytes:4", "constant:0x01020304")
            let packets = try Self.packets(stream)
            #expect(packets.prefix(3).allSatisfy { $0.fields.map(\.value.description).sorted() == ["1", "2", "3"] })
            #expect(try eventually { try namesNow() == ["b", "c", "d"] })
            #expect(try stream.counts().dropped == 0)
        }
    }

    @Test func aConditionOnAFieldThatGoesHoldsNoMore() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("a", "u32", "constant:1"), ("b", "u32", "constant:2")])
            let stream = try Self.watch(bench) { $0.filter.conditions = [try .init("a=1")] }
            try bench.send(2)
            #expect(try Self.packets(stream).count == 2)
            _ = try bench.registry.unregister(FieldName("a"))
            #expect(
                try eventually {
                    try bench.send(1)
                    return try Self.packets(stream).isEmpty
                })
            try bench.register("a", "u8", "constant:1")
            #expect(
                try eventually {
                    try bench.send(1)
                    return try Self.packets(stream).isEmpty == false
                })
        }
    }

    @Test func asASequence() async throws {
        let bench = try Bench(fields: [("number", "u32", "sequence")])
        let stream = try Self.watch(bench)
        try bench.send(5)
        var numbers: [UInt64] = []
        for try await event in stream {
            guard case .packet(let packet) = event else { continue }
            numbers.append(try #require(packet.fields.first?.value.number))
            if numbers.count == 3 { try bench.send(2) }
            if numbers.count == 7 { break }
        }
        #expect(Set(numbers).count == 7)
    }

    @Test func endsWithItsTask() async throws {
        let bench = try Bench(fields: [("number", "u32", "sequence")])
        let pair = bench.pair
        let registry = bench.scratch.path
        let task = Task {
            let stream = try pair.inReceiver { try Registry.open(at: registry, for: .write).watch(on: [VethPair.far]) }
            for try await _ in stream {}
            return true
        }
        try await Task.sleep(for: .milliseconds(50))
        task.cancel()
        #expect(try await task.value)
        #expect(eventually { (try? Self.programs(bench).contains("watcher")) == false })
    }

    static func programs(_ bench: Bench) throws -> [String] {
        try bench.pair.inReceiver {
            try HookOccupancy(of: VethPair.far, .tcIngress).occupants.compactMap(\.programName)
        }
    }

    @Test func runsFirstOrLast() throws {
        try Kernel.run {
            let bench = try Bench(fields: [("a", "u32", "constant:1")])
            var first: PacketStream? = try Self.watch(bench)
            #expect(try Self.programs(bench) == ["watcher", "consumer"])
            first?.detach()
            #expect(try eventually { try Self.programs(bench) == ["consumer"] })
            first = nil
            let last = try Self.watch(bench) { $0.isFirst = false }
            #expect(try Self.programs(bench) == ["consumer", "watcher"])
            last.detach()
        }
    }
}
