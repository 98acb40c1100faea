// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import PacketMetadata
@testable import PktmetaCommands
@testable import RegistryModel

/// A line a packet.
@Suite struct PacketRenderingTests {
    private static func endpoint(_ address: String, _ port: UInt16?) throws -> WatchedPacket.Endpoint {
        let type: FieldType = address.contains(":") ? .ipv6 : .ipv4
        return WatchedPacket.Endpoint(address: try FieldValue(address, type: type), port: port)
    }

    private static func packet(_ flow: WatchedPacket.Flow?, etherType: UInt16 = 0x800) throws -> WatchedPacket {
        WatchedPacket(
            time: 5_000_006_789, ifindex: 2, interface: "eth0", length: 1514, etherType: etherType, flow: flow,
            fields: [
                .init(name: try FieldName("tenant"), value: try FieldValue("7", type: .u32)),
                .init(name: try FieldName("trusted"), value: try FieldValue("", type: .flag)),
                .init(name: try FieldName("mac"), value: try FieldValue("02:00:00:00:00:01", type: .mac)),
            ])
    }

    /// The time of day is the machine's own: compared behind its seconds.
    private static func text(_ event: PacketEvent, _ display: Display = .plain) -> Substring {
        PacketRendering(bootTime: 1_700_000_000_000_000_000, display: display).text(event).dropFirst("HH:MM:".count)
    }

    @Test func whosePacketItIs() throws {
        let ipv4 = WatchedPacket.Flow(
            protocol: 6, source: try Self.endpoint("192.0.2.1", 443), destination: try Self.endpoint("192.0.2.2", 50000)
        )
        let ipv6 = WatchedPacket.Flow(
            protocol: 17, source: try Self.endpoint("2001:db8::1", 53), destination: try Self.endpoint("::1", 65535))
        let other = WatchedPacket.Flow(
            protocol: 253, source: try Self.endpoint("192.0.2.1", nil), destination: try Self.endpoint("192.0.2.2", nil)
        )
        let fields = "1514 bytes: tenant=7 trusted mac=02:00:00:00:00:01"
        #expect(
            Self.text(.packet(try Self.packet(ipv4))) == "25.000006 eth0 TCP 192.0.2.1:443 > 192.0.2.2:50000, \(fields)"
        )
        #expect(
            Self.text(.packet(try Self.packet(ipv6))) == "25.000006 eth0 UDP [2001:db8::1]:53 > [::1]:65535, \(fields)")
        #expect(
            Self.text(.packet(try Self.packet(other))) == "25.000006 eth0 protocol 253 192.0.2.1 > 192.0.2.2, \(fields)"
        )
        #expect(
            Self.text(.packet(try Self.packet(nil, etherType: 0x806))) == "25.000006 eth0 EtherType 0x0806, \(fields)")
    }

    @Test func drops() {
        let rendering = PacketRendering(bootTime: 0, display: .plain)
        #expect(rendering.text(.dropped(12)) == "-- 12 packets dropped: the buffer was full")
        #expect(rendering.json(.dropped(12)) == #"{"dropped":12,"droppedText":"12","version":1}"#)
    }

    @Test func documents() throws {
        let flow = WatchedPacket.Flow(
            protocol: 1, source: try Self.endpoint("192.0.2.1", nil), destination: try Self.endpoint("192.0.2.2", nil))
        let rendering = PacketRendering(bootTime: 1_700_000_000_000_000_000, display: .plain)
        #expect(
            rendering.json(.packet(try Self.packet(flow)))
                == #"{"etherType":2048,"fields":{"mac":"02:00:00:00:00:01","tenant":7,"trusted":true},"#
                + #""fieldsText":{"tenant":"7"},"#
                + #""flow":{"destination":"192.0.2.2","protocol":1,"source":"192.0.2.1"},"interface":"eth0","#
                + #""length":1514,"time":1700000005000006789,"timeText":"1700000005000006789","version":1}"#)
    }

    @Test(arguments: [
        ("tenant", "tenant", PacketFilter.Comparison.set, ""), ("tenant=7", "tenant", .equal, "7"),
        ("port!=22", "port", .notEqual, "22"), ("length>=1500", "length", .atLeast, "1500"),
        ("a<=1", "a", .atMost, "1"),
        ("a<1", "a", .less, "1"), ("a>1", "a", .more, "1"), ("net=2001:db8::1", "net", .equal, "2001:db8::1"),
        ("a==1", "a", .equal, "=1"),
    ])
    func conditions(text: String, name: String, comparison: PacketFilter.Comparison, value: String) throws {
        let condition = try PacketFilter.Condition(text)
        #expect(condition == PacketFilter.Condition(field: try FieldName(name), comparison: comparison, value: value))
    }

    @Test(arguments: ["", "=7", "a=", "a!", "a~1", "1a=2", "a b=1"])
    func noConditions(text: String) {
        let error = #expect(throws: PacketMetadataError.self) { try PacketFilter.Condition(text) }
        #expect(error?.kind == .usage)
    }
}
