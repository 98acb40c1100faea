// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel

/// The name of a steering: letters, digits, `_` and `-`, at most 31, beginning with a letter.
public struct SteeringName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let text: String

    /// - Throws: `usage` if the text is not such a name.
    public init(_ text: String) throws(PacketMetadataError) {
        try doing(.read(.steeringName, text)) { () throws(PacketMetadataError) in
            if let fault = Self.fault(in: text) {
                throw PacketMetadataError(SteeringRefusal.badSteeringName(text, fault))
            }
        }
        self.text = text
    }

    /// Of a folder; nil if the folder is none that ``SteeringStore`` keeps a steering in.
    init?(folder name: String) {
        guard Self.fault(in: name) == nil else { return nil }
        text = name
    }

    public static let maximumLength = 31

    public var description: String { text }

    public static func < (a: SteeringName, b: SteeringName) -> Bool { a.text < b.text }

    /// What keeps a text from being a steering's name.
    public enum Fault: Hashable, Sendable {
        case empty
        /// With its length in bytes.
        case tooLong(Int)
        case beginsWithoutLetter
        case badCharacter
    }

    private static func fault(in text: String) -> Fault? {
        guard let first = text.utf8.first else { return .empty }
        if text.utf8.count > maximumLength { return .tooLong(text.utf8.count) }
        let areAllowed = text.utf8.allSatisfy { byte in
            isLetter(byte) || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: "-")
        }
        if !areAllowed { return .badCharacter }
        return isLetter(first) ? nil : .beginsWithoutLetter
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
    }
}
