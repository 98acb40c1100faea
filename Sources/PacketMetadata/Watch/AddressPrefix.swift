// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel

/// An IPv4 or IPv6 address, or all that begin alike.
public struct AddressPrefix: Sendable, Hashable {
    /// 4 or 16 bytes, in network byte order.
    public let address: [UInt8]
    /// How many bits count.
    public let length: Int

    /// Reads `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`.
    ///
    /// - Throws: `usage` if it is none of these.
    public init(_ text: String) throws(PacketMetadataError) {
        (address, length) = try doing(.read(.address, text)) { () throws(PacketMetadataError) in
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let type = text.contains(":") ? FieldType.ipv6 : .ipv4
            guard let value = try? FieldValue(String(parts[0]), type: type) else {
                throw PacketMetadataError(WatchRefusal.badAddress(text))
            }
            let bits = value.bytes.count * 8
            guard parts.count == 2 else { return (value.bytes, bits) }
            guard let length = Int(parts[1]), 0...bits ~= length, !parts[1].hasPrefix("+") else {
                throw PacketMetadataError(WatchRefusal.badPrefixLength(text, bits: bits))
            }
            return (value.bytes, length)
        }
    }

    public var isIPv6: Bool { address.count == 16 }

    /// Ones for the bits that count.
    var mask: [UInt8] {
        address.indices.map { index in
            let bits = min(8, max(0, length - index * 8))
            return UInt8(truncatingIfNeeded: 0xff00 >> bits)
        }
    }
}
