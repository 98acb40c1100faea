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
        packet.flow.write(etherType: packet.etherType, to: &line)
        line += ", "
        line += packet.length.of("byte")
        display.append(packet.fields, to: &line)
        return line
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
            "flow": packet.flow?.json,
            "fields": packet.fields.json,
        ]
    }
}

/// In a stream of packets: so many more matched than there was room for.
struct DroppedDocument: JSONDocument {
    let dropped: UInt64

    var value: JSONValue { ["version": .version, "dropped": .number(dropped)] }
}
