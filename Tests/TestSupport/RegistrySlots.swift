// SPDX-License-Identifier: BSD-2-Clause

public import BPF
import RegistryModel

/// A registry map's value, slot by slot, for tests that damage it: the slot's layout word, then its entry, which lie apart
/// in the map; of slot 0 the registry word, and what lies between words and entries.
extension BPFMap {
    private static let wordSize = 8

    private static func places(of slot: Int) -> (word: Range<Int>, entry: Range<Int>) {
        let word = (slot == 0 ? 0 : RegistryImage.layoutWord(slot)) * wordSize
        let entry = slot == 0 ? RegistryImage.revisionWord * wordSize : RegistryImage.entryOffset(slot)
        return (word..<word + wordSize, entry..<RegistryImage.entryOffset(slot + 1))
    }

    /// 8 bytes of the word and 248 of the entry; of slot 0, 240.
    public func slot(_ slot: Int) throws -> [UInt8] {
        let bytes = try value
        let places = Self.places(of: slot)
        return Array(bytes[places.word] + bytes[places.entry])
    }

    public func setSlot(_ slot: Int, _ changed: [UInt8]) throws {
        var bytes = try value
        let places = Self.places(of: slot)
        bytes.replaceSubrange(places.word, with: changed.prefix(Self.wordSize))
        bytes.replaceSubrange(places.entry, with: changed.dropFirst(Self.wordSize).prefix(places.entry.count))
        try update(at: 0, bytes)
    }
}
