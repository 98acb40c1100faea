// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel

/// Watched packets, a line each.
///
/// There may be a million a second: lines are put together by appending to one text.
struct PacketRendering {
    /// CLOCK_REALTIME when CLOCK_MONOTONIC was 0, ns.
    let bootTime: UInt64
    let display: Display
    private let clock = TimeOfDay()

    private static let protocols = IPProtocol.names.mapValues { $0.uppercased() }

    init(bootTime: UInt64, display: Display) {
        self.bootTime = bootTime
        self.display = display
    }

    // MARK: For people

    func text(_ event: PacketEvent) -> String {
        switch event {
        case .packet(let packet): text(packet)
        case .dropped(let count): display.paint("-- \(count.of("packet")) dropped: the buffer was full", .red)
        }
    }

    private func text(_ packet: WatchedPacket) -> String {
        var line = ""
        line.reserveCapacity(160)
        line += display.paint(clock.text(bootTime &+ packet.time), .dim)
        line += " "
        line += printable(packet.interface)
        line += " "
        append(packet.flow, packet.etherType, to: &line)
        line += ", "
        line += packet.length.of("byte")
        var separator = ": "
        for field in packet.fields {
            line += separator
            line += display.paint(field.name.text, .bold)
            if field.value.type.size != 0 {
                line += "="
                field.value.write(to: &line)
            }
            separator = " "
        }
        return line
    }

    private func append(_ flow: WatchedPacket.Flow?, _ etherType: UInt16, to line: inout String) {
        guard let flow else {
            let digits = String(etherType, radix: 16)
            line += "EtherType 0x" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            return
        }
        line += Self.protocols[flow.protocol] ?? "protocol \(flow.protocol)"
        line += " "
        append(flow.source, to: &line)
        line += " > "
        append(flow.destination, to: &line)
    }

    private func append(_ endpoint: WatchedPacket.Endpoint, to line: inout String) {
        let isBracketed = endpoint.port != nil && endpoint.address.type == .ipv6
        if isBracketed { line += "[" }
        endpoint.address.write(to: &line)
        if isBracketed { line += "]" }
        guard let port = endpoint.port else { return }
        line += ":"
        line += String(port)
    }

    // MARK: For programs

    func json(_ event: PacketEvent) -> String {
        switch event {
        case .packet(let packet): PacketDocument(packet, bootTime: bootTime).jsonLine
        case .dropped(let count): DroppedDocument(dropped: count).jsonLine
        }
    }
}

/// A line of `watch --json`; Resources/watch.schema.json of the documentation describes it.
struct PacketDocument: JSONDocument {
    let packet: WatchedPacket
    let bootTime: UInt64

    init(_ packet: WatchedPacket, bootTime: UInt64) {
        self.packet = packet
        self.bootTime = bootTime
    }

    var value: JSONValue {
        [
            "version": .version,
            // CLOCK_REALTIME, ns: the packet's CLOCK_MONOTONIC, brought to it by how far apart both were when the command began.
            "time": .number(bootTime &+ packet.time),
            "interface": .text(packet.interface),
            // Bytes.
            "length": .number(packet.length),
            "etherType": .number(packet.etherType),
            // Absent if it is neither IPv4 nor IPv6.
            "flow": packet.flow.map { flow in
                [
                    "protocol": .number(flow.protocol),
                    "source": .text(flow.source.address.description),
                    // Of TCP, UDP and SCTP only.
                    "sourcePort": flow.source.port.map(JSONValue.number),
                    "destination": .text(flow.destination.address.description),
                    "destinationPort": flow.destination.port.map(JSONValue.number),
                ]
            },
            "fields": .table(of: fields.map { JSONValue.Member(key: $0, value: $1) }),
        ]
    }

    /// true for a flag, a number for an integer, else text. A damaged registry may have a name twice.
    private var fields: [String: JSONValue] {
        let values = packet.fields.map { field -> (String, JSONValue) in
            if field.value.type.size == 0 { return (field.name.text, .flag(true)) }
            return (field.name.text, field.value.number.map(JSONValue.number) ?? .text(field.value.description))
        }
        return Dictionary(values) { first, _ in first }
    }
}

/// In a stream of packets: so many more matched than there was room for.
struct DroppedDocument: JSONDocument {
    let dropped: UInt64

    var value: JSONValue { ["version": .version, "dropped": .number(dropped)] }
}
