// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

@Suite("The layout allocator")
struct LayoutAllocatorTests {
    /// Holes: 4-11, 20-21 and 24-27.
    static let holed = RegistryImage(
        capacity: 64, layouts: [live(22..<24), live(28..<48), live(12..<20), live(0..<4)])

    @Test func holesAreWhatIsLeft() {
        #expect(LayoutAllocator(image: Self.holed).holes == [4..<12, 20..<22, 24..<28])
        #expect(LayoutAllocator(image: RegistryImage(capacity: 32)).holes == [0..<16])
        #expect(LayoutAllocator(image: RegistryImage(capacity: 248)).holes == [0..<232])
        #expect(LayoutAllocator(image: RegistryImage(capacity: 32, layouts: [live(0..<16)])).holes == [])
    }

    @Test(arguments: [
        (FieldType.u8, Int?.some(20)), (.u16, 20), (.bytes(3), 24), (.u32, 24), (.mac, 4), (.bytes(5), 4),
        (.u64, nil),
        (.bytes(9), nil), (.ipv6, nil),
    ])
    func theSmallestHoleThatFitsIsTaken(type: FieldType, offset: Int?) {
        #expect(LayoutAllocator(image: Self.holed).offset(for: type) == offset)
    }

    @Test func theLowestOfEqualHolesIsTaken() {
        let image = RegistryImage(capacity: 64, layouts: [live(0..<8), live(16..<24), live(32..<48)])
        #expect(LayoutAllocator(image: image).offset(for: .u64) == 8)
    }

    @Test(arguments: [
        (FieldType.u8, 1), (.bytes(3), 1), (.u16, 2), (.mac, 2), (.u32, 4), (.bytes(12), 4), (.u64, 8),
        (.ipv6, 8), (.bytes(24), 8),
    ])
    func placesAreAligned(type: FieldType, offset: Int) {
        let image = RegistryImage(capacity: 64, layouts: [live(0..<1)])
        #expect(LayoutAllocator(image: image).offset(for: type) == offset)
    }

    /// The holes are 21-26 and 32-39.
    @Test func aHoleWithoutAnAlignedPlaceIsPassedOver() {
        let image = RegistryImage(capacity: 64, layouts: [live(0..<21), live(27..<32), live(40..<48)])
        #expect(LayoutAllocator(image: image).offset(for: .u32) == 32)
        #expect(LayoutAllocator(image: image).offset(for: .bytes(6)) == 32, "22 + 6 is past the hole")
        #expect(LayoutAllocator(image: image).offset(for: .bytes(5)) == 21)
        #expect(LayoutAllocator(image: image).offset(for: .ipv6) == nil)
    }

    @Test func theLastByteIsUsed() {
        #expect(LayoutAllocator(image: RegistryImage(capacity: 32)).offset(for: .bytes(16)) == 0)
        #expect(LayoutAllocator(image: RegistryImage(capacity: 32)).offset(for: .bytes(17)) == nil)
        let image = RegistryImage(capacity: 32, layouts: [live(0..<15)])
        #expect(LayoutAllocator(image: image).offset(for: .u8) == 15)
        #expect(LayoutAllocator(image: image).offset(for: .u16) == nil)
    }

    /// Of a registry at this generation, is what a tombstone of that generation covers free?
    @Test(arguments: [
        (UInt16(100), UInt16(100), true), (100, 99, true), (100, 101, false), (100, 102, false), (0, 65_535, true),
        (65_535, 0, false), (65_535, 65_535, true), (3, 65_000, true), (65_000, 3, false), (32_866, 100, true),
        (100, 32_866, false),
    ])
    func tombstonesAreFreeOnceTheGenerationHasPassedThem(generation: UInt16, buried: UInt16, isFree: Bool) {
        let layouts = [tombstone(0..<16, generation: buried)]
        let image = RegistryImage(capacity: 32, generation: generation, layouts: layouts)
        let allocator = LayoutAllocator(image: image)
        #expect(allocator.holes == (isFree ? [0..<16] : []))
        #expect(allocator.offset(for: .u8) == (isFree ? 0 : nil))
        #expect(allocator.freeSlot == (isFree ? 1 : 2))
    }

    @Test func flagsNeedASlotAndNoBytes() throws {
        var image = RegistryImage(capacity: 32, layouts: [live(0..<16)])
        #expect(LayoutAllocator(image: image).offset(for: .flag) == 0)
        image = RegistryImage(capacity: 32)
        for number in 1...31 {
            let field = try image.register("flag\(number)", .flag)
            #expect(field.layout.size == 0)
        }
        #expect(Set(image.fields.map(\.slot)) == Set(1...31))
        #expect(image.problems.isEmpty)
        #expect(image.usedBytes == 0)
        #expect(LayoutAllocator(image: image).holes == [0..<16])
        #expect(LayoutAllocator(image: image).freeSlot == nil)
    }

    @Test func theLowestFreeSlotIsTaken() {
        let layouts = [live(0..<1), live(1..<2), tombstone(2..<3, generation: 1), live(3..<4)]
        #expect(LayoutAllocator(image: RegistryImage(layouts: layouts)).freeSlot == 5)
        #expect(LayoutAllocator(image: RegistryImage(generation: 1, layouts: layouts)).freeSlot == 3)
    }

    @Test func aDamagedSlotIsNotFreeAndKeepsItsBytes() {
        let image = RegistryImage(capacity: 32, layouts: [LayoutWord(rawValue: live(0..<4).rawValue | 2 << 56)])
        #expect(LayoutAllocator(image: image).freeSlot == 2)
        #expect(LayoutAllocator(image: image).holes == [4..<16])
    }

    @Test func bytesPastTheAreaAreNobodysHoles() {
        let layouts = [live(0..<2), live(8..<243), live(188..<228)]
        #expect(LayoutAllocator(image: RegistryImage(capacity: 32, layouts: layouts)).holes == [2..<8])
        let past = RegistryImage(capacity: 32, layouts: [live(40..<48)])
        #expect(LayoutAllocator(image: past).holes == [0..<16])
    }

    @Test(arguments: [
        (16..<20, 0..<16), (20..<28, 0..<16), (28..<32, 0..<16), (28..<36, 0..<16), (15..<17, 0..<15),
        (12..<32, 0..<12),
    ])
    func bytesOfTheTrailerAreNobodysHoles(taken: Range<Int>, hole: Range<Int>) {
        #expect(LayoutAllocator(image: RegistryImage(capacity: 32, layouts: [live(taken)])).holes == [hole])
    }

    @Test func aSlotWithoutEpochsIsRetired() throws {
        var image = RegistryImage(capacity: 32, lastEpoch: 65_535)
        #expect(LayoutAllocator(image: image).freeSlot == nil)
        image[7].lastEpoch = 65_534
        #expect(LayoutAllocator(image: image).freeSlot == 7)

        let last = try image.register("last", .u8)
        #expect(last.slot == 7 && last.layout.epoch == 65_535)
        image.unregister(last)
        #expect(image.fields.isEmpty)
        #expect(LayoutAllocator(image: image).holes == [0..<16])
        #expect(LayoutAllocator(image: image).freeSlot == nil)
        let error = try #require(refusal { () throws(PacketMetadataError) in try image.register("more", .u8) })
        #expect(error.kind == .taken)
        #expect(error.field == .slotsTaken(0, of: 31))
    }
}
