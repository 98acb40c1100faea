// SPDX-License-Identifier: BSD-2-Clause

import PktmetaABI
import Testing

@testable import RegistryModel

/// Against bit patterns written by hand from the picture in abi.h.
@Suite("Words")
struct WordsTests {
    @Test(arguments: [
        (UInt64(0x0100_2a01_0400_1234), UInt16(0x002a), UInt16(0x1234), 8, 4),
        (0x0100_2a01_040c_1234, 0x002a, 0x1234, 20, 4),
        (0x01ff_ff01_40ef_ffff, 0xffff, 0xffff, 247, 64),
        (0x0100_0101_01ff_0001, 1, 1, 263, 1),
        (0x0100_0001_0000_0000, 0, 0, 8, 0),
        (0x0180_0101_1010_0001, 0x8001, 1, 24, 16),
        (0x0100_ff01_0801_00ff, 0x00ff, 0x00ff, 9, 8),
    ])
    func layoutWordsOfLiveFields(bits: UInt64, epoch: UInt16, generation: UInt16, offset: Int, size: Int) {
        let word = LayoutWord(rawValue: bits)
        #expect(word.isLive && !word.isTombstone && !word.isDamaged)
        #expect(word.epoch == epoch)
        #expect(word.generation.number == generation)
        #expect(word.offset == offset)
        #expect(word.size == size)
        let built = LayoutWord(
            FieldID(slot: 1, epoch: epoch), generation: Generation(generation), offset: offset, size: size)
        #expect(built.rawValue == bits)
    }

    @Test func tombstonesKeepTheRest() {
        let word = LayoutWord(rawValue: 0x0100_2a01_040c_1234)
        let tombstone = word.gone(generation: Generation(0x1235))
        #expect(tombstone.rawValue == 0x0000_2a00_040c_1235)
        #expect(tombstone.isTombstone && !tombstone.isLive && !tombstone.isDamaged)
        #expect(word.with(generation: Generation(0xfffe)).rawValue == 0x0100_2a01_040c_fffe)

        #expect(tombstone.gone(generation: Generation(0)).rawValue == 0x0000_2a00_040c_0000)
    }

    @Test func aSlotNeverUsedIsNothing() {
        let word = LayoutWord(rawValue: 0)
        #expect(!word.isLive && !word.isTombstone && !word.isDamaged)
    }

    /// 0x52 and 0x51 among them: the registry's word is not a field's.
    @Test(arguments: [UInt64(0x02), 0x03, 0x10, 0x51, 0x52, 0x80, 0x81, 0xff])
    func otherLiveBytesAreDamage(byte: UInt64) {
        let word = LayoutWord(rawValue: byte << 56 | 0x0000_2a00_0400_1234)
        #expect(word.isDamaged && !word.isLive && !word.isTombstone)
        #expect(LayoutWord(rawValue: byte << 56).isDamaged)
    }

    @Test(arguments: [
        (UInt64(0x5240_579b_0007_1234), 64, UInt16(0x2bcd), UInt32(0x0007_1234), UInt16(0x1235)),
        (0x5220_0000_ffff_ffff, 32, 0, 0xffff_ffff, 0xffff),
        (0x52f8_ffff_0000_ffff, 248, 0x7fff, 0xffff, 0),
    ])
    func registryWords(bits: UInt64, capacity: Int, identity: UInt16, changes: UInt32, pending: UInt16) {
        let word = RegistryWord(rawValue: bits)
        #expect(word.capacity == capacity)
        #expect(word.identity == identity)
        #expect(word.changes == changes)
        #expect(word.generation.number == UInt16(truncatingIfNeeded: changes))
        #expect(word.pending.number == pending)
        #expect(word.abiVersion == 2)
        let built = RegistryWord(
            capacity: capacity, identity: identity, generation: changes, isPending: word.isPending)
        #expect(built.rawValue == bits)
    }

    /// All that programs compare to know the registry stays, across the wrap of a generation too.
    @Test func registryWordsChangeInOnePlaceOnly() {
        let word = RegistryWord(rawValue: 0x5240_579a_0007_ffff)
        #expect(word.announced().rawValue == 0x5240_579b_0007_ffff)
        #expect(word.announced().settled() == word)
        #expect(word.announced().advanced().rawValue == 0x5240_579a_0008_0000)
        #expect(word.announced().advanced().registry == word.registry)
        #expect(word.registry == 0x2920_2bcd)
    }

    @Test(arguments: [
        (UInt64(0x5240_579b_0007_1234), Int?.some(2)), (0x51ab_1234_1235_4000, 1), (0x50ab_1234_1235_4000, 0),
        (0x5fab_1234_1235_4000, 15), (0x41ab_1234_1235_4000, nil), (0xd1ab_1234_1235_4000, nil),
        (0x0100_2a01_0400_1234, nil), (0, nil),
    ])
    func abiVersions(bits: UInt64, version: Int?) {
        #expect(RegistryWord(rawValue: bits).abiVersion == version)
    }

    @Test func limits() {
        #expect(RegistryWord.abiVersion == 2)
        #expect(RegistryWord.headerSize == 8 && RegistryWord.trailerSize == 8)
        #expect(RegistryWord.capacities == [32, 64] + Array(stride(from: 128, through: 248, by: 8)))
        #expect(RegistryImage.slotCount == 32)
        #expect(RegistryImage.fieldSlots == 1..<32)
        #expect(RegistryImage.entrySize == 248)
    }

    // MARK: Generations

    /// RFC 1982: a is older than b if b is 1 to 2^15 - 1 steps ahead, across the wrap too.
    @Test(arguments: [UInt16(0), 1, 100, 0x7fff, 0x8000, 65_500, 65_535])
    func serialNumberOrder(start: UInt16) {
        let a = Generation(start)
        #expect(!a.isOlder(than: a))
        for ahead in [1, 2, 100, 0x4000, 0x7ffe, 0x7fff] {
            let b = a.advanced(by: ahead)
            #expect(a.isOlder(than: b), "\(a) is older than \(b)")
            #expect(!b.isOlder(than: a), "\(b) is not older than \(a)")
            #expect(a.lag(behind: b) == UInt16(ahead))
            #expect(b.advanced(by: -ahead) == a)
        }
    }

    @Test func generationsWrap() {
        #expect(Generation(65_535).next == Generation(0))
        #expect(Generation(41).next == Generation(42))
        #expect(Generation(65_535).isOlder(than: Generation(0)))
        #expect(!Generation(0).isOlder(than: Generation(65_535)))
        #expect(Generation(65_530).advanced(by: 10) == Generation(4))
        #expect(Generation(4).advanced(by: -10) == Generation(65_530))
        #expect(Generation(65_530).lag(behind: Generation(4)) == 10)
        #expect(Generation(65_535).description == "65535")
    }

    // MARK: Ids

    @Test(arguments: [
        (3, UInt16(0x002a), UInt32(0x0100_2a03), "0x01002a03"), (31, 0xffff, 0x01ff_ff1f, "0x01ffff1f"),
        (1, 1, 0x0100_0101, "0x01000101"),
    ])
    func fieldIDs(slot: Int, epoch: UInt16, bits: UInt32, text: String) {
        let id = FieldID(slot: slot, epoch: epoch)
        #expect(id.rawValue == bits)
        #expect(id.description == text)
    }

    @Test func fieldIDsHaveEightDigits() {
        #expect(FieldID(rawValue: 0).description == "0x00000000")
        #expect(FieldID(rawValue: 0xab).description == "0x000000ab")
        #expect(FieldID(rawValue: .max).description == "0xffffffff")
    }

    /// Programs compare an id with a layout word by these bits.
    @Test func theUpperBitsOfIDAndLayoutWordAgree() {
        for (slot, epoch) in [(1, UInt16(1)), (17, 0x1234), (31, 0xffff)] {
            let word = LayoutWord(
                FieldID(slot: slot, epoch: epoch), generation: Generation(9), offset: 8, size: 4)
            let id = FieldID(slot: slot, epoch: epoch)
            #expect(word.rawValue >> 32 == UInt64(id.rawValue))
            #expect(word.gone(generation: Generation(10)).rawValue >> 32 == UInt64(epoch) << 8)
            #expect(Int(pktmeta_id_slot(id.rawValue)) == slot)
        }
    }
}
