// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel

// What of packets is the same in all commands that show them: whose they are, and what they carry.
//
// There may be a million a second: lines are put together by appending to one text.

private let protocolNames = IPProtocol.names.mapValues { $0.uppercased() }

extension WatchedPacket.Flow? {
    /// Protocol and ends of a packet's flow; of none, its EtherType.
    func write(etherType: UInt16, to line: inout String) {
        guard let flow = self else {
            let digits = String(etherType, radix: 16)
            line += "EtherType 0x" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            return
        }
        line += protocolNames[flow.protocol] ?? "protocol \(flow.protocol)"
        line += " "
        flow.source.write(to: &line)
        line += " > "
        flow.destination.write(to: &line)
    }
}

extension WatchedPacket.Endpoint {
    fileprivate func write(to line: inout String) {
        let isBracketed = port != nil && address.type == .ipv6
        if isBracketed { line += "[" }
        address.write(to: &line)
        if isBracketed { line += "]" }
        guard let port else { return }
        line += ":"
        line += String(port)
    }
}

extension Display {
    /// The fields with their values, behind what the line has of the packet.
    func append(_ fields: [WatchedPacket.Field], to line: inout String) {
        var separator = ": "
        for field in fields {
            line += separator
            line += paint(field.name.text, .bold)
            if field.value.type.size != 0 {
                line += "="
                field.value.write(to: &line)
            }
            separator = " "
        }
    }
}

// MARK: For programs

extension WatchedPacket.Flow {
    var json: JSONValue {
        [
            "protocol": .number(self.protocol),
            "source": .text(source.address.description),
            // Of TCP, UDP and SCTP only.
            "sourcePort": source.port.map(JSONValue.number),
            "destination": .text(destination.address.description),
            "destinationPort": destination.port.map(JSONValue.number),
        ]
    }
}

extension [WatchedPacket.Field] {
    /// By name. A damaged registry may have a name twice.
    var json: JSONValue {
        let values = Dictionary(map { ($0.name.text, $0.value.json) }) { first, _ in first }
        return .table(of: values.map { JSONValue.Member(key: $0, value: $1) })
    }
}

extension FieldValue {
    /// true for a flag, a number for an integer, else text.
    var json: JSONValue {
        if type.size == 0 { return .flag(true) }
        return number.map(JSONValue.number) ?? .text(description)
    }
}
