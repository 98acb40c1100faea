// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc

/// A value of a field, as it lies in the packet.
public struct FieldValue: Hashable, Sendable {
    public let type: FieldType
    /// `type.size` bytes.
    public let bytes: [UInt8]

    /// - Precondition: as many bytes as the type has.
    public init(type: FieldType, bytes: [UInt8]) {
        precondition(bytes.count == type.size)
        self.type = type
        self.bytes = bytes
    }

    /// The value of an integer type; nil for others.
    public var number: UInt64? {
        guard type.isInteger else { return nil }
        return (type.isBigEndian || Self.hostIsBigEndian ? bytes : bytes.reversed()).reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static let hostIsBigEndian = 1.bigEndian == 1
}

extension FieldValue: CustomStringConvertible {
    /// As people write it: `42`, `10.0.0.1`, `02:00:00:00:00:01`, `0x0102`.
    public var description: String {
        switch type {
        case .flag: return "set"
        case .u8, .u16, .u32, .u64, .be16, .be32: return String(number ?? 0)
        case .ipv4: return bytes.map(String.init).joined(separator: ".")
        case .ipv6: return Self.formatIPv6(bytes)
        case .mac: return bytes.map(Self.hex).joined(separator: ":")
        case .bytes: return "0x" + bytes.map(Self.hex).joined()
        }
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.utf8.count == 1 ? "0" + digits : digits
    }

    private static func formatIPv6(_ bytes: [UInt8]) -> String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        // Both buffers are as long as inet_ntop(3) asks for: 16 and INET6_ADDRSTRLEN bytes.
        let ok = unsafe bytes.withUnsafeBytes { source in
            unsafe inet_ntop(AF_INET6, source.baseAddress, &text, socklen_t(text.count)) != nil
        }
        return ok ? String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self) : ""
    }
}

extension FieldValue {
    /// Reads what a user wrote for a value of that type.
    ///
    /// - Throws: `usage` if the text is not a value of the type.
    public init(_ text: String, type: FieldType) throws(PacketMetadataError) {
        let bytes = try doing(.read(.value, text)) { () throws(PacketMetadataError) in
            guard let bytes = Self.parse(text, type: type) else {
                throw PacketMetadataError(FieldRefusal.badValue(text, type))
            }
            return bytes
        }
        self.init(type: type, bytes: bytes)
    }

    private static func parse(_ text: String, type: FieldType) -> [UInt8]? {
        switch type {
        case .flag:
            return text.isEmpty ? [] : nil
        case .u8, .u16, .u32, .u64, .be16, .be32:
            return parseInteger(text, type: type)
        case .ipv4:
            return parseAddress(text, family: AF_INET, size: type.size)
        case .ipv6:
            return parseAddress(text, family: AF_INET6, size: type.size)
        case .mac:
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            let bytes = parts.compactMap { $0.utf8.count == 2 ? parseHex($0) : nil }.flatMap { $0 }
            return parts.count == 6 && bytes.count == 6 ? bytes : nil
        case .bytes(let count):
            guard text.hasPrefix("0x"), let bytes = parseHex(text.dropFirst(2)) else { return nil }
            return bytes.count == count ? bytes : nil
        }
    }

    private static func parseInteger(_ text: String, type: FieldType) -> [UInt8]? {
        let isHex = text.hasPrefix("0x")
        guard let first = text.utf8.dropFirst(isHex ? 2 : 0).first, first != UInt8(ascii: "+"),
            first != UInt8(ascii: "-"),
            let number = UInt64(text.dropFirst(isHex ? 2 : 0), radix: isHex ? 16 : 10)
        else { return nil }
        guard type.size == 8 || number < 1 << UInt64(8 * type.size) else { return nil }
        let leastSignificantFirst = (0..<type.size).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
        return type.isBigEndian || hostIsBigEndian ? leastSignificantFirst.reversed() : leastSignificantFirst
    }

    private static func parseAddress(_ text: String, family: Int32, size: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: size)
        // inet_pton(3) writes 4 or 16 bytes, by family: the size of the type.
        let ok = unsafe bytes.withUnsafeMutableBytes { unsafe inet_pton(family, text, $0.baseAddress) }
        return ok == 1 ? bytes : nil
    }

    private static func parseHex(_ text: Substring) -> [UInt8]? {
        let digits = text.compactMap(\.hexDigitValue).map(UInt8.init)
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
