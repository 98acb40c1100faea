// SPDX-License-Identifier: BSD-2-Clause

/// A document with some changes, which its number tells: the same number is the same document.
struct ChangedDocument {
    let bytes: [UInt8]

    /// - Parameter originals: what is changed.
    init(_ originals: [[UInt8]], number: Int) {
        var random = Numbers(seed: UInt64(number))
        var bytes = originals[random.below(originals.count)]
        for _ in 0...random.below(4) { Self.change(&bytes, originals, &random) }
        self.bytes = bytes
    }

    private static func change(_ bytes: inout [UInt8], _ originals: [[UInt8]], _ random: inout Numbers) {
        let at = random.below(bytes.count + 1)
        let range = at..<min(bytes.count, at + random.below(random.below(2) == 0 ? 8 : 200))
        switch random.below(9) {
        case 0: if at < bytes.count { bytes[at] = UInt8(random.below(256)) }
        case 1: if at < bytes.count { bytes[at] ^= 1 << random.below(8) }
        case 2: bytes.removeSubrange(range)
        case 3: bytes.insert(contentsOf: bytes[range], at: at)
        case 4:
            let other = originals[random.below(originals.count)]
            let start = random.below(other.count)
            bytes.replaceSubrange(range, with: other[start..<min(other.count, start + range.count)])
        case 5: bytes.removeLast(bytes.count - at)
        case 6: bytes.swapLines(random.below(100), random.below(100))
        default: bytes.insert(contentsOf: Array(pieces[random.below(pieces.count)].utf8), at: at)
        }
    }

    /// What means something to YAML, or to what reads it.
    private static let pieces = [
        "\n", "\n  ", "\n    ", ": ", ":", "- ", "\n- ", "? ", "[", "]", "{", "}", ",", "'", "\"", "|\n", ">\n", "&a ",
        "*a", "!a ",
        "!!str ", "<<: ", "---\n", "...\n", "%YAML 1.2\n", "#", " #", "\t", "\r\n", "\\", "\\0", "\\uD800",
        "\\U0010FFFF", "\0",
        "\u{85}", "\u{2028}", "\u{feff}", "~", "null", "true", "[]", "{}", "\"\"", "0", "-1", "18446744073709551616",
        "0x", "prebuilt",
        "scrub", "a:b", "first", "all", "owner: x\n", "fields:\n", "interfaces:\n", "cgroups:\n", "netfilter:\n",
        "layout:\n",
        "include: x\n", "[[[[[[[[[[[[[[[[[", "{a: {a: {a: {a: ",
    ]
}

extension [UInt8] {
    fileprivate mutating func swapLines(_ one: Int, _ other: Int) {
        var lines = split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        lines.swapAt(one % lines.count, other % lines.count)
        self = Array(lines.joined(separator: CollectionOfOne(UInt8(ascii: "\n"))))
    }
}

/// SplitMix64.
private struct Numbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return Int((mixed ^ mixed >> 31) % UInt64(bound))
    }
}
