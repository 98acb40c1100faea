// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc
internal import PacketMetadata
internal import RegistryModel

/// Watched packets, a line each.
struct PacketRendering {
    /// CLOCK_REALTIME when CLOCK_MONOTONIC was 0, ns.
    let bootTime: UInt64
    let display: Display

    // MARK: For people

    func text(_ event: PacketEvent) -> String {
        switch event {
        case .packet(let packet): text(packet)
        case .dropped(let count): display.paint("-- \(count.of("packet")) dropped: the buffer was full", .red)
        }
    }

    private func text(_ packet: WatchedPacket) -> String {
        let fields = packet.fields.map { field in
            let name = display.paint(field.name.text, .bold)
            return field.value.type.size == 0 ? name : "\(name)=\(field.value)"
        }
        return display.paint(clock(packet.time), .dim) + " \(printable(packet.interface)) \(flow(packet)), "
            + "\(packet.length.of("byte"))" + (fields.isEmpty ? "" : ": " + fields.joined(separator: " "))
    }

    /// Local time of day, to the microsecond.
    private func clock(_ time: UInt64) -> String {
        let time = bootTime &+ time
        var seconds = time_t(time / 1_000_000_000)
        // A struct of numbers and a name of the zone, which is not read.
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        func digits(_ number: Int, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        let clock = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map { digits(Int($0), 2) }.joined(separator: ":")
        return clock + "." + digits(Int(time % 1_000_000_000 / 1000), 6)
    }

    private func flow(_ packet: WatchedPacket) -> String {
        guard let flow = packet.flow else { return etherType(packet.etherType) }
        let name = IPProtocol.names[flow.protocol]?.uppercased() ?? "protocol \(flow.protocol)"
        return "\(name) \(endpoint(flow.source)) > \(endpoint(flow.destination))"
    }

    private func endpoint(_ endpoint: WatchedPacket.Endpoint) -> String {
        guard let port = endpoint.port else { return "\(endpoint.address)" }
        return endpoint.address.type == .ipv6 ? "[\(endpoint.address)]:\(port)" : "\(endpoint.address):\(port)"
    }

    private func etherType(_ number: UInt16) -> String {
        let digits = String(number, radix: 16)
        return "EtherType 0x" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
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
