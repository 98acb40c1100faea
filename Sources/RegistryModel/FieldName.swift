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
        if let reason = Self.fault(in: text) {
            throw PacketMetadataError(
                .usage, "bad field name '\(text)'", reason: reason,
                remedy: "A name is a C identifier of 1 to \(Self.maximumLength) bytes, such as tenant_id.")
        }
        self.text = text
    }

    public static let maximumLength = Int(PKTMETA_NAME_SIZE) - 1

    public var description: String { text }

    public static func < (a: FieldName, b: FieldName) -> Bool { a.text < b.text }

    private static func fault(in text: String) -> String? {
        guard let first = text.utf8.first else { return "it is empty" }
        if text.utf8.count > maximumLength { return "it has \(text.utf8.count.of("byte"))" }
        if UInt8(ascii: "0")...UInt8(ascii: "9") ~= first { return "it starts with a digit" }
        guard text.utf8.allSatisfy(isIdentifierByte) else { return "only A-Z, a-z, 0-9 and _ are allowed" }
        if hasThreeUnderscores(text) { return "three underscores in a row mean something else to CO-RE" }
        if text.hasPrefix("__") { return "it starts with two underscores, which mean something else to CO-RE" }
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
