// SPDX-License-Identifier: BSD-2-Clause

/// One change of an object, which its number tells: the same number is the same change.
struct Mutation {
    let bytes: [UInt8]
    /// What was changed, in words.
    let text: String

    init(_ original: [UInt8], number: Int) {
        var random = Numbers(seed: UInt64(number))
        var bytes = original
        let parts = Self.parts(original)
        let part = parts[random.below(parts.count)]
        let at = part.range.lowerBound + random.below(part.range.count)
        let word = part.range.lowerBound + random.below(max(1, part.range.count / 4)) * 4
        let other = part.range.lowerBound + random.below(max(1, part.range.count / 4)) * 4
        let what: String
        switch random.below(8) {
        case 0, 1:
            bytes[at] = UInt8(random.below(256))
            what = "byte \(at) to \(bytes[at])"
        case 2, 3:
            let bit = random.below(8)
            bytes[at] ^= 1 << bit
            what = "bit \(bit) of byte \(at)"
        case 4:
            bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)]
            what = "byte \(at) to \(bytes[at])"
        case 5:
            for offset in 0..<4 where max(word, other) + 3 < bytes.count { bytes.swapAt(word + offset, other + offset) }
            what = "words at \(word) and \(other) swapped"
        case 6:
            let values: [UInt32] = [0, 1, 2, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff]
            let value = values[random.below(values.count)]
            for offset in 0..<4 where word + offset < bytes.count {
                bytes[word + offset] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(offset)))
            }
            what = "word at \(word) to \(value)"
        default:
            bytes.removeLast(bytes.count - at)
            what = "cut off at \(at)"
        }
        self.bytes = bytes
        text = "\(part.name), \(what)"
    }

    // MARK: Parts

    /// Sections that loaders read, as often in the list as they are to be chosen; the header and the table of sections too.
    private static func parts(_ file: [UInt8]) -> [(name: String, range: Range<Int>)] {
        func number(_ at: Int, _ size: Int) -> Int { (0..<size).reversed().reduce(0) { $0 << 8 | Int(file[at + $1]) } }
        let (start, count, namesIndex) = (number(40, 8), number(60, 2), number(62, 2))
        let names = number(start + 64 * namesIndex + 24, 8)
        var parts = [(name: "header", range: 0..<64), (name: "sections", range: start..<start + 64 * count)]
        for index in 0..<count {
            let header = start + 64 * index
            let name = String(decoding: file[(names + number(header, 4))...].prefix { $0 != 0 }, as: UTF8.self)
            let (offset, size) = (number(header + 24, 8), number(header + 32, 8))
            let (type, isCode) = (number(header + 4, 4), number(header + 8, 8) & 4 != 0)
            let (noBits, relocations) = (8, 9)
            guard size > 0, type != noBits, !name.contains("debug") else { continue }
            if name == ".BTF" {
                // Its header and types lie in front of its strings, which are many and harmless.
                let strings = offset + number(offset + 4, 4) + number(offset + 16, 4)
                for _ in 0..<8 { parts.append((name, offset..<strings)) }
            }
            let weight =
                switch name {
                case ".BTF": 1
                case ".BTF.ext", ".symtab": 3
                case _ where isCode || type == relocations: 1
                default: name.hasPrefix(".rel") ? 0 : 1
                }
            for _ in 0..<weight { parts.append((name, offset..<offset + size)) }
        }
        return parts
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
