// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

@Suite("The layout allocator")
struct LayoutAllocatorTests {
    /// Holes: 4-11, 20-21 and 24-27.
    static let holed = RegistryImage(
        capacity: 64, layouts: [live(30..<32), live(36..<56), live(20..<28), live(8..<12)])

    @Test func holesAreWhatIsLeft() {
        #expect(LayoutAllocator(image: Self.holed).holes == [12..<20, 28..<30, 32..<36])
        #expect(LayoutAllocator(image: RegistryImage(capacity: 32)).holes == [8..<24])
        #expect(LayoutAllocator(image: RegistryImage(capacity: 248)).holes == [8..<240])
        #expect(LayoutAllocator(image: RegistryImage(capacity: 32, layouts: [live(8..<24)])).holes == [])
    }

    @Test(arguments: [
        (FieldType.u8, Int?.some(28)), (.u16, 28), (.bytes(3), 32), (.u32, 32), (.mac, 12), (.bytes(5), 12),
        (.u64, nil),
        (.bytes(9), nil), (.ipv6, nil),
    ])
    func theSmallestHoleThatFitsIsTaken(type: FieldType, offset: Int?) {
        #expect(LayoutAllocator(image: Self.holed).offset(for: type) == offset)
    }

    @Test func theLowestOfEqualHolesIsTaken() {
        let image = RegistryImage(capacity: 64, layouts: [live(8..<16), live(24..<32), live(40..<56)])
        #expect(LayoutAllocator(image: image).offset(for: .u64) == 16)
    }

    @Test(arguments: [
        (FieldType.u8, 9), (.bytes(3), 9), (.u16, 10), (.mac, 10), (.u32, 12), (.bytes(12), 12), (.u64, 16),
        (.ipv6, 16), (.bytes(24), 16),
    ])
    func placesAreAligned(type: FieldType, offset: Int) {
        let image = RegistryImage(capacity: 64, layouts: [live(8..<9)])
        #expect(LayoutAllocator(image: image).offset(for: type) == offset)
    }

    /// The holes are 21-26 and 32-39.
    @Test func aHoleWithoutAnAlignedPlaceIsPassedOver() {
        let image = RegistryImage(capacity: 64, layouts: [live(8..<29), live(35..<40), live(48..<56)])
        #expect(LayoutAllocator(image: image).offset(for: .u32) == 40)
        #expect(LayoutAllocator(image: image).offset(for: .bytes(6)) == 40, "22 + 6 is past the hole")
        #expect(LayoutAllocator(image: image).offset(for: .bytes(5)) == 29)
        #expect(LayoutAllocator(image: image).offset(for: .ipv6) == nil)
    }

    @Test func theLastByteIsUsed() {
        #expect(LayoutAllocator(image: RegistryImage(capacity: 32)).offset(for: .bytes(16)) == 8)
        #expect(LayoutAllocator(image: RegistryImage(capacity: 32)).offset(for: .bytes(17)) == nil)
        let image = RegistryImage(capacity: 32, layouts: [live(8..<23)])
        #expect(LayoutAllocator(image: image).offset(for: .u8) == 23)
        #expect(LayoutAllocator(image: image).offset(for: .u16) == nil)
    }

    /// Of a registry at this generation, is what a tombstone of that generation covers free?
    @Test(arguments: [
        (UInt16(100), UInt16(100), true), (100, 99, true), (100, 101, false), (100, 102, false), (0, 65_535, true),
        (65_535, 0, false), (65_535, 65_535, true), (3, 65_000, true), (65_000, 3, false), (32_866, 100, true),
        (100, 32_866, false),
    ])
    func tombstonesAreFreeOnceTheGenerationHasPassedThem(generation: UInt16, buried: UInt16, isFree: Bool) {
        let layouts = [tombstone(8..<24, generation: buried)]
        let image = RegistryImage(capacity: 32, generation: generation, layouts: layouts)
        let allocator = LayoutAllocator(image: image)
        #expect(allocator.holes == (isFree ? [8..<24] : []))
        #expect(allocator.offset(for: .u8) == (isFree ? 8 : nil))
        #expect(allocator.freeSlot == (isFree ? 1 : 2))
    }

    @Test func flagsNeedASlotAndNoBytes() throws {
        var image = RegistryImage(capacity: 32, layouts: [live(8..<24)])
        #expect(LayoutAllocator(image: image).offset(for: .flag) == 8)
        image = RegistryImage(capacity: 32)
        for number in 1...31 {
            let field = try image.register("flag\(number)", .flag)
            #expect(field.layout.size == 0)
        }
        #expect(Set(image.fields.map(\.slot)) == Set(1...31))
        #expect(image.problems.isEmpty)
        #expect(image.usedBytes == 0)
        #expect(LayoutAllocator(image: image).holes == [8..<24])
        #expect(LayoutAllocator(image: image).freeSlot == nil)
    }

    @Test func theLowestFreeSlotIsTaken() {
        let layouts = [live(8..<9), live(9..<10), tombstone(10..<11, generation: 1), live(11..<12)]
        #expect(LayoutAllocator(image: RegistryImage(layouts: layouts)).freeSlot == 5)
        #expect(LayoutAllocator(image: RegistryImage(generation: 1, layouts: layouts)).freeSlot == 3)
    }

    @Test func aDamagedSlotIsNotFreeAndKeepsItsBytes() {
        let image = RegistryImage(capacity: 32, layouts: [LayoutWord(rawValue: live(8..<12).rawValue | 2 << 56)])
        #expect(LayoutAllocator(image: image).freeSlot == 2)
        #expect(LayoutAllocator(image: image).holes == [12..<24])
    }

    @Test func bytesPastTheAreaAreNobodysHoles() {
        let layouts = [live(8..<10), live(16..<251), live(196..<236)]
        #expect(LayoutAllocator(image: RegistryImage(capacity: 32, layouts: layouts)).holes == [10..<16])
        let past = RegistryImage(capacity: 32, layouts: [live(48..<56)])
        #expect(LayoutAllocator(image: past).holes == [8..<24])
    }

    @Test(arguments: [
        (24..<28, 8..<24), (28..<36, 8..<24), (36..<40, 8..<24), (36..<44, 8..<24), (23..<25, 8..<23),
        (20..<40, 8..<20),
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
        #expect(LayoutAllocator(image: image).holes == [8..<24])
        #expect(LayoutAllocator(image: image).freeSlot == nil)
        let error = try #require(refusal { () throws(PacketMetadataError) in try image.register("more", .u8) })
        #expect(error.kind == .taken)
        #expect(error.field == .slotsTaken(0, of: 31))
    }
}
