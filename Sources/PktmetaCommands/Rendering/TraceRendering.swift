// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel

/// Packets at stations, a line each.
struct TraceRendering {
    /// CLOCK_REALTIME when CLOCK_MONOTONIC was 0, ns.
    let bootTime: UInt64
    let display: Display
    private let clock = TimeOfDay()

    /// Columns of a time of day.
    private static let timeWidth = 15

    init(bootTime: UInt64, display: Display) {
        self.bootTime = bootTime
        self.display = display
    }

    // MARK: For people

    func text(_ event: TraceEvent) -> String {
        switch event {
        case .packet(let packet): text(packet)
        case .dropped(let count):
            display.paint("-- \(count.of("event")) lost for lack of room: stations may be missing", .red)
        }
    }

    private func text(_ packet: TracedPacket) -> String {
        var line = ""
        line.reserveCapacity(160)
        line += display.paint(time(of: packet), .dim)
        line += " #\(packet.number)\(packet.isSure ? "" : "?") "
        line += display.paint(packet.station.name, packet.drop == nil ? .bold : .red)
        if let copied = packet.copyOf { line += " (copy of #\(copied))" }
        if let hook = packet.hook { line += " \(hook.words)" }
        if let interface = packet.interface { line += " \(interface.words)" }
        if let reader = packet.reader { line += " by \(printable(reader.command)) (\(reader.process))" }
        if let drop = packet.drop { line += drop.words }
        if packet.isOtherFlow || packet.isFirst && packet.etherType != 0 {
            line += " "
            packet.flow.write(etherType: packet.etherType, to: &line)
            line += ", "
            line += packet.length.of("byte")
        }
        if packet.hasLostArea { line += ": without fields from here on" }
        display.append(packet.news, to: &line)
        return line
    }

    /// Of day, or of a packet that has been seen before, the time since then.
    private func time(of packet: TracedPacket) -> String {
        if packet.isFirst { return clock.text(bootTime &+ packet.time) }
        let text = "+" + fixed(Double(packet.age) / 1000, digits: 3) + " us"
        return String(repeating: " ", count: max(0, Self.timeWidth - text.utf8.count)) + text
    }

    // MARK: For programs

    func json(_ event: TraceEvent) -> String {
        switch event {
        case .packet(let packet): TracedPacketDocument(packet: packet, bootTime: bootTime).jsonLine
        case .dropped(let count): DroppedDocument(dropped: count).jsonLine
        }
    }
}

extension TracedPacket.Interface {
    /// As ip-netns(8) and ip-link(8) have it: `eth0@blue`.
    fileprivate var words: String {
        switch namespace {
        case .here: printable(name)
        case .named(let namespace): "\(printable(name))@\(printable(namespace))"
        case .inode(let inode): "\(printable(name))@net:[\(inode)]"
        }
    }
}

extension TracedPacket.Drop {
    fileprivate var words: String {
        (reason.map { " \(printable($0))" } ?? "") + (function.map { " in \(printable($0))" } ?? "")
    }
}

extension TracedPacket.NetfilterHook {
    private static let names = ["prerouting", "input", "forward", "output", "postrouting"]
    /// NFPROTO_*.
    private static let families: [UInt8: String] = [2: "ipv4", 3: "arp", 7: "bridge", 10: "ipv6"]

    /// As nft(8) has it: `ipv4 input`.
    var words: String {
        let name = Int(number) < Self.names.count ? Self.names[Int(number)] : "hook \(number)"
        return "\(Self.families[family] ?? "family \(family)") \(name)"
    }
}

/// A line of `trace --json`; Resources/trace.schema.json of the documentation describes it.
struct TracedPacketDocument: JSONDocument {
    let packet: TracedPacket
    let bootTime: UInt64

    var value: JSONValue {
        [
            "version": .version,
            "packet": .number(packet.number),
            // Absent unless it is seen for the first time, and shares its memory with that one, which may have ended.
            "copyOf": packet.copyOf.map(JSONValue.number),
            "isFirst": .flag(packet.isFirst),
            "isSure": .flag(packet.isSure),
            // CLOCK_REALTIME, ns, as in watch.
            "time": .number(bootTime &+ packet.time),
            // ns since it was seen first.
            "age": .number(packet.age),
            "station": .text(packet.station.name),
            "interface": packet.interface?.json,
            // Bytes.
            "length": .number(packet.length),
            "etherType": packet.etherType == 0 ? nil : .number(packet.etherType),
            "flow": packet.flow?.json,
            // Absent if it has no area there.
            "fields": packet.fields?.json,
            "reader": packet.reader.map { ["process": .number($0.process), "command": .text($0.command)] },
            "drop": packet.drop?.json,
            "hook": packet.hook.map { .text($0.words) },
        ]
    }
}

extension TracedPacket.Interface {
    fileprivate var json: JSONValue {
        var (namedText, inode): (JSONValue?, JSONValue?)
        switch namespace {
        case .here: break
        case .named(let name): namedText = .text(name)
        case .inode(let number): inode = .number(number)
        }
        // Neither: the namespace that the command is in.
        return ["name": .text(name), "index": .number(index), "namespace": namedText, "namespaceInode": inode]
    }
}

extension TracedPacket.Drop {
    var json: JSONValue { ["reason": reason.map(JSONValue.text), "function": function.map(JSONValue.text)] }
}

/// Lines of packets as they come.
struct TraceLines: TraceOutput {
    let rendering: TraceRendering
    let isJSON: Bool

    func add(_ events: [TraceEvent]) -> String? {
        if events.isEmpty { return nil }
        return events.map(isJSON ? rendering.json : rendering.text).joined(separator: "\n")
    }

    func end() -> String? { nil }
}
