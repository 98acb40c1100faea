// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc

/// A value of a field, as it lies in the packet.
public struct FieldValue: Hashable, Sendable {
    public let type: FieldType
    private let storage: Storage

    /// A word holds the value's bytes as they lie in memory, zeroes behind them, so that most values take no allocation:
    /// there are several a packet.
    private enum Storage: Hashable, Sendable {
        case word(UInt64)
        case bytes([UInt8])
    }

    /// - Precondition: as many bytes as the type has.
    public init(type: FieldType, bytes: [UInt8]) {
        // All that bytes have is their bytes.
        self.init(type: type, at: 0, of: unsafe bytes.span.bytes)
        precondition(bytes.count == type.size)
    }

    /// The value that begins there.
    ///
    /// - Precondition: as many bytes as the type has are there.
    package init(type: FieldType, at offset: Int, of bytes: RawSpan) {
        let value = bytes.extracting(offset..<offset + type.size)
        self.type = type
        guard type.size <= MemoryLayout<UInt64>.size else {
            storage = .bytes(unsafe value.withUnsafeBytes { unsafe Array($0) })
            return
        }
        var word: UInt64 = 0
        unsafe value.withUnsafeBytes { value in
            unsafe withUnsafeMutableBytes(of: &word) { unsafe $0.copyMemory(from: value) }
        }
        storage = .word(word)
    }

    /// `type.size` bytes.
    public var bytes: [UInt8] {
        switch storage {
        case .word(let word): unsafe withUnsafeBytes(of: word) { unsafe Array($0.prefix(type.size)) }
        case .bytes(let bytes): bytes
        }
    }

    /// The value of an integer type; nil for others.
    public var number: UInt64? {
        guard type.isInteger, case .word(let word) = storage else { return nil }
        if Self.hostIsBigEndian { return word >> UInt64(64 - 8 * type.size) }
        return type.isBigEndian ? word.byteSwapped >> UInt64(64 - 8 * type.size) : word
    }

    private static let hostIsBigEndian = 1.bigEndian == 1
}

extension FieldValue: CustomStringConvertible, TextOutputStreamable {
    /// As people write it: `42`, `10.0.0.1`, `02:00:00:00:00:01`, `0x0102`.
    public var description: String {
        var text = ""
        write(to: &text)
        return text
    }

    public func write(to text: inout some TextOutputStream) {
        switch type {
        case .flag: text.write("set")
        case .u8, .u16, .u32, .u64, .be16, .be32: text.write(String(number ?? 0))
        case .ipv4: write(to: &text, separator: ".") { String($0) }
        case .ipv6: text.write(Self.formatIPv6(bytes))
        case .mac: write(to: &text, separator: ":", Self.hex)
        case .bytes:
            text.write("0x")
            write(to: &text, separator: "", Self.hex)
        }
    }

    /// Byte by byte.
    private func write(
        to text: inout some TextOutputStream, separator: String, _ format: (UInt8) -> String
    ) {
        let bytes = bytes
        for index in bytes.indices {
            if index > 0 { text.write(separator) }
            text.write(format(bytes[index]))
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
