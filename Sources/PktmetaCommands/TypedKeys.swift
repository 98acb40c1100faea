// SPDX-License-Identifier: BSD-2-Clause

/// What was typed and not yet taken: over a slow line, or from fast fingers, several keys come at once, and one in parts.
struct TypedKeys {
    private var bytes: ArraySlice<UInt8> = []

    private static let escape: UInt8 = 0x1b
    /// What begins the sequences that keys without a character send (CSI and SS3 of ECMA-48).
    private static let introducers = "[O".utf8
    private static let parameters: ClosedRange<UInt8> = 0x20...0x3f

    var isEmpty: Bool { bytes.isEmpty }

    /// Whether more may belong to the first key.
    var isPartial: Bool {
        guard bytes.first == Self.escape else { return false }
        return bytes.dropFirst().drop { Self.introducers.contains($0) || Self.parameters.contains($0) }.isEmpty
    }

    mutating func append(_ more: [UInt8]) { bytes += more }

    /// Takes the first key, as it was sent; empty if there is none.
    mutating func next() -> String {
        let key = bytes.prefix(length)
        bytes = bytes.dropFirst(key.count)
        return String(decoding: key, as: UTF8.self)
    }

    private var length: Int {
        guard bytes.first == Self.escape, let second = bytes.dropFirst().first, Self.introducers.contains(second) else {
            return 1
        }
        return 2 + bytes.dropFirst(2).prefix { Self.parameters.contains($0) }.count + 1
    }
}
