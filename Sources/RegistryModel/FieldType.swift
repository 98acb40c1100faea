// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// How a field's bytes are to be read.
public enum FieldType: Hashable, Sendable {
    /// No bytes: set or not set.
    case flag
    case u8, u16, u32, u64
    /// Network byte order, as in the packet.
    case be16, be32
    case ipv4, ipv6, mac
    /// 1 to 64 bytes without a meaning that pktmeta knows.
    case bytes(Int)

    public static let maximumSize = Int(PKTMETA_VALUE_MAX)

    /// Bytes of a value: 0 to 64.
    public var size: Int {
        switch self {
        case .flag: 0
        case .u8: 1
        case .u16, .be16: 2
        case .u32, .be32, .ipv4: 4
        case .u64: 8
        case .mac: 6
        case .ipv6: 16
        case .bytes(let count): count
        }
    }

    /// Why there is no such type; nil if there is.
    var fault: FieldRefusal? {
        if case .bytes(let count) = self, !(1...Self.maximumSize ~= count) { return .badTypeSize(count) }
        return nil
    }

    /// The largest power of two, up to 8, that divides the size, so that accessors move whole words.
    public var alignment: Int {
        size == 0 ? 1 : min(8, size & -size)
    }

    /// Whether values are numbers, with a minimum, a maximum and a histogram.
    public var isInteger: Bool {
        switch self {
        case .u8, .u16, .u32, .u64, .be16, .be32: true
        case .flag, .ipv4, .ipv6, .mac, .bytes: false
        }
    }

    var isBigEndian: Bool { self == .be16 || self == .be32 }
}

extension FieldType: CustomStringConvertible {
    /// All but `bytes:N`: name on the command line and number in `struct pktmeta_entry`.
    private static let simple: [(name: String, type: FieldType, code: UInt32)] = [
        ("flag", .flag, PKTMETA_TYPE_FLAG.rawValue),
        ("u8", .u8, PKTMETA_TYPE_U8.rawValue),
        ("u16", .u16, PKTMETA_TYPE_U16.rawValue),
        ("u32", .u32, PKTMETA_TYPE_U32.rawValue),
        ("u64", .u64, PKTMETA_TYPE_U64.rawValue),
        ("be16", .be16, PKTMETA_TYPE_BE16.rawValue),
        ("be32", .be32, PKTMETA_TYPE_BE32.rawValue),
        ("ipv4", .ipv4, PKTMETA_TYPE_IPV4.rawValue),
        ("ipv6", .ipv6, PKTMETA_TYPE_IPV6.rawValue),
        ("mac", .mac, PKTMETA_TYPE_MAC.rawValue),
    ]

    /// How types without an argument are written.
    package static let names = simple.map(\.name)
    /// How each type is written, for help and messages.
    public static let spellings = (names + ["bytes:N"]).joined(separator: ", ")

    /// As on the command line: `u32`, `bytes:16`.
    public var description: String {
        if case .bytes(let count) = self { return "bytes:\(count)" }
        return Self.simple.first { $0.type == self }?.name ?? ""
    }

    /// - Throws: `usage` if the text names no type.
    public init(_ text: String) throws(PacketMetadataError) {
        if let known = Self.simple.first(where: { $0.name == text }) {
            self = known.type
            return
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        self = try doing(.read(.type, text)) { () throws(PacketMetadataError) in
            guard parts.count == 2, parts[0] == "bytes", let count = decimal(parts[1]) else {
                throw PacketMetadataError(FieldRefusal.noSuchType(text))
            }
            let type = FieldType.bytes(count)
            if let fault = type.fault { throw PacketMetadataError(fault) }
            return type
        }
    }

    /// The number in `struct pktmeta_entry`.
    package var code: UInt32 {
        Self.simple.first { $0.type == self }?.code ?? PKTMETA_TYPE_BYTES.rawValue
    }

    /// - Returns: nil if no type has that code and that size.
    package init?(code: UInt32, size: Int) {
        if let known = Self.simple.first(where: { $0.code == code && $0.type.size == size }) {
            self = known.type
        } else if code == PKTMETA_TYPE_BYTES.rawValue, 1...Self.maximumSize ~= size {
            self = .bytes(size)
        } else {
            return nil
        }
    }
}

/// A number in digits only: no sign, no blanks.
package func decimal(_ text: some StringProtocol) -> Int? {
    text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ? Int(text) : nil
}
