// SPDX-License-Identifier: BSD-2-Clause

/// What is to stand in the system's log.
public struct LogLine: Sendable, Hashable {
    /// As in syslog(3).
    public enum Priority: Int, Sendable {
        case warning = 4
        case notice = 5
    }

    /// What a program that reads the journal finds a line by.
    public struct Field: Sendable, Hashable {
        /// Capital letters, digits and underscores, the first a letter.
        public let name: String
        /// Whatever bytes it has.
        public let value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public let priority: Priority
    /// For people: one line, and no character in it that a terminal obeys.
    public let message: String
    /// For programs; a syslog daemon does not get them.
    public let fields: [Field]

    public init(_ priority: Priority, _ message: String, fields: [Field] = []) {
        self.priority = priority
        self.message = SpelledBytes.visible(message)
        self.fields = fields
    }
}

extension LogLine {
    /// As journald takes it: a field a line, but for values with line feeds, which have their length in front, so that no
    /// value passes for another field.
    func journalDatagram(_ header: [Field]) -> [UInt8] {
        var bytes: [UInt8] = []
        for field in header + fields {
            let value = Array(field.value.utf8)
            bytes += field.name.utf8
            if value.contains(Self.lineFeed) {
                bytes.append(Self.lineFeed)
                for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value.count >> (8 * byte))) }
            } else {
                bytes.append(UInt8(ascii: "="))
            }
            bytes += value
            bytes.append(Self.lineFeed)
        }
        return bytes
    }

    private static let lineFeed = UInt8(ascii: "\n")

    /// As syslog daemons take it from processes of their own machine, whose clock they have (RFC 3164, 4.3.2).
    func syslogDatagram(identifier: String, facility: Int) -> [UInt8] {
        Array("<\(facility << 3 | priority.rawValue)>\(identifier)[\(ProcessID.current)]: \(message)".utf8)
    }
}
