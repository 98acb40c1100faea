// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// A field's name: a C identifier of at most 31 bytes.
///
/// Three underscores in a row are refused: CO-RE takes what follows them for a type's flavour and ignores it
/// (libbpf, `bpf_core_essential_name_len`). So are two at the start: the name follows an underscore in its types.
public struct FieldName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let text: String

    /// - Throws: `usage` if the text is not such a name.
    public init(_ text: String) throws(PacketMetadataError) {
        try doing(.read(.fieldName, text)) { () throws(PacketMetadataError) in
            if let fault = Self.fault(in: text) { throw PacketMetadataError(FieldRefusal.badName(text, fault)) }
        }
        self.text = text
    }

    public static let maximumLength = Int(PKTMETA_NAME_SIZE) - 1

    public var description: String { text }

    public static func < (a: FieldName, b: FieldName) -> Bool { a.text < b.text }

    private static func fault(in text: String) -> Fault? {
        guard let first = text.utf8.first else { return .empty }
        if text.utf8.count > maximumLength { return .tooLong(text.utf8.count) }
        if UInt8(ascii: "0")...UInt8(ascii: "9") ~= first { return .beginsWithDigit }
        guard text.utf8.allSatisfy(isIdentifierByte) else { return .badCharacter }
        if hasThreeUnderscores(text) { return .threeUnderscores }
        if text.hasPrefix("__") { return .beginsWithUnderscores }
        return nil
    }

    /// Names are checked wherever a registry is read, and `contains` of a text takes microseconds.
    private static func hasThreeUnderscores(_ text: String) -> Bool {
        var row = 0
        for byte in text.utf8 {
            row = byte == UInt8(ascii: "_") ? row + 1 : 0
            if row == 3 { return true }
        }
        return false
    }

    private static func isIdentifierByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default:
            false
        }
    }
}
