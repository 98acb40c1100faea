// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// What a trace's packets come to, by a field's values.
@Suite struct TraceSummaryTests {
    private static let tenant = try! FieldName("tenant")

    private static func station(_ name: String) -> TraceStation {
        TraceStation.all.first { $0.name == name }!
    }

    private static func packet(
        _ number: Int, _ name: String, at time: UInt64, isFirst: Bool = false, tenant value: String? = "7",
        drop: TracedPacket.Drop? = nil, copyOf: Int? = nil, isSure: Bool = true
    ) throws -> TracedPacket {
        let fields = try value.map {
            [WatchedPacket.Field(name: tenant, value: try FieldValue($0, type: .u32))]
        }
        return TracedPacket(
            number: number, copyOf: copyOf, isFirst: isFirst, isSure: isSure, time: time, age: 0,
            station: station(name), interface: nil, length: 0, etherType: 0, flow: nil, isOtherFlow: false,
            fields: fields, news: [], reader: nil, drop: drop, hook: nil, hasLostArea: false)
    }

    @Test func timesFromStationToStationByValue() throws {
        var summary = TraceSummary(by: Self.tenant)
        for (number, took) in [(1, 100), (2, 300), (3, 200)] as [(Int, UInt64)] {
            summary.add(try Self.packet(number, "gro", at: 1000, isFirst: true))
            // Without the field here: it belongs to the value that it had where it was seen first.
            summary.add(try Self.packet(number, "receive", at: 1000 + took, tenant: nil))
        }
        summary.add(try Self.packet(4, "gro", at: 5, isFirst: true, tenant: "8"))
        summary.add(try Self.packet(5, "queue", at: 5, isFirst: true, tenant: nil))
        let drop = TracedPacket.Drop(reason: "NO_SOCKET", function: "udp_rcv+0x1")
        summary.add(try Self.packet(2, "dropped", at: 2300, drop: drop))
        summary.add(try Self.packet(3, "dropped", at: 2300, drop: drop))
        #expect(summary.groups.map(\.value?.description) == ["7", "8", nil])
        #expect(summary.groups.map(\.packets) == [3, 1, 1])
        let steps = summary.groups[0].steps
        #expect(steps.map(\.step.from) == ["gro", "receive"] && steps.map(\.step.to) == ["receive", "dropped"])
        #expect(steps.map(\.times.count) == [3, 2])
        #expect(steps.map(\.times.median) == [200, 1100])
        #expect(summary.groups[0].drops.map(\.drop) == [drop] && summary.groups[0].drops.map(\.count) == [2])
        #expect(summary.groups[1].steps.isEmpty && summary.groups[1].drops.isEmpty)
    }

    /// A drop is blamed on no packet that it may not have been.
    @Test func whatIsNotSureIsLeftOut() throws {
        var summary = TraceSummary(by: Self.tenant)
        let drop = TracedPacket.Drop(reason: "NO_SOCKET", function: nil)
        summary.add(try Self.packet(1, "gro", at: 1, isFirst: true))
        summary.add(try Self.packet(1, "receive", at: 2, isSure: false))
        summary.add(try Self.packet(1, "dropped", at: 3, drop: drop, isSure: false))
        #expect(summary.groups.map(\.packets) == [1] && summary.unsurePackets == 1)
        #expect(summary.groups[0].steps.isEmpty && summary.groups[0].drops.isEmpty)
    }

    @Test func copiesAreLeftOut() throws {
        var summary = TraceSummary(by: Self.tenant)
        summary.add(try Self.packet(1, "gro", at: 1, isFirst: true))
        summary.add(try Self.packet(2, "read", at: 2, isFirst: true, copyOf: 1))
        summary.add(try Self.packet(2, "freed", at: 3))
        #expect(summary.groups.map(\.packets) == [1])
        #expect(summary.groups[0].steps.isEmpty && summary.unsurePackets == 0)
    }

    /// What a read packet's memory is freed for later says nothing of the packet, which has ended.
    @Test func whatComesBehindAReadIsLeftOut() throws {
        var summary = TraceSummary(by: Self.tenant)
        summary.add(try Self.packet(1, "receive", at: 1, isFirst: true))
        summary.add(try Self.packet(1, "read", at: 2))
        summary.add(try Self.packet(1, "freed", at: 9, tenant: nil))
        #expect(summary.groups.count == 1 && summary.groups[0].steps.map(\.step.to) == ["read"])
    }

    /// What has ended leaves nothing behind: its number is another packet's in no trace, but memory is to be had for long ones.
    @Test func aFieldWithTooManyValuesDoesNotFillTheMemory() throws {
        var summary = TraceSummary(by: Self.tenant)
        for number in 1...TraceSummary.maximumGroups + 20 {
            summary.add(try Self.packet(number, "gro", at: 0, isFirst: true, tenant: "\(number)"))
            summary.add(try Self.packet(number, "receive", at: 0, tenant: "\(number)"))
        }
        #expect(summary.groups.count == TraceSummary.maximumGroups && summary.packetsLeftOut == 20)
    }

    @Test func theMedianIsOfTheNewest() {
        var times = TraceSummary.Times()
        for _ in 0..<10_000 { times.add(5) }
        for _ in 0..<10_000 { times.add(9) }
        #expect(times.count == 20_000 && times.median == 9)
    }
}
