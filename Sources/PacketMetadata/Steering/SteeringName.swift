// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel

/// The name of a steering: letters, digits, `_` and `-`, at most 31, beginning with a letter.
public struct SteeringName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let text: String

    /// - Throws: `usage` if the text is not such a name.
    public init(_ text: String) throws(PacketMetadataError) {
        try doing(.read(.steeringName, text)) { () throws(PacketMetadataError) in
            guard Self.isName(text) else { throw PacketMetadataError(SteeringRefusal.badSteeringName(text)) }
        }
        self.text = text
    }

    /// Of a folder; nil if the folder is none that ``SteeringStore`` keeps a steering in.
    init?(folder name: String) {
        guard Self.isName(name) else { return nil }
        text = name
    }

    public static let maximumLength = 31

    public var description: String { text }

    public static func < (a: SteeringName, b: SteeringName) -> Bool { a.text < b.text }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first), text.utf8.count <= maximumLength else { return false }
        return text.utf8.allSatisfy { byte in
            isLetter(byte) || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: "-")
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
    }
}
