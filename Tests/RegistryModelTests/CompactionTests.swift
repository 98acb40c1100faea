// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

/// Holes are closed by moving fields, step by step, with packets under way.
@Suite("Compaction")
struct CompactionTests {
    /// 8 e (8), 16 a (2), 18 d (1), 24 b (8), 32 c (8): holes at 19-23 and 40-55.
    static func holed(generation: UInt16 = 500) throws -> RegistryImage {
        var image = RegistryImage(capacity: 64, generation: generation)
        for (name, type) in [("e", FieldType.u64), ("a", .u16), ("b", .u64), ("c", .u64), ("d", .u8)] {
            try image.register(name, type)
        }
        return image
    }

    @Test func holesCloseAndIDsStay() throws {
        var image = try Self.holed()
        image.unregister(try #require(image.field(named: FieldName("b"))))
        let before = image.fields
        let after = image.applying(image.compacting())
        #expect(after.problems.isEmpty && after.recovery().isEmpty)
        #expect(Set(after.fields.map(\.id)) == Set(before.map(\.id)))
        #expect(after.fields.map { "\($0.name)@\($0.layout.offset)" } == ["e@8", "c@16", "a@24", "d@26"])
        #expect(LayoutAllocator(image: after).holes == [27..<56])
        #expect(after.compacting().isEmpty, "once is enough")
    }

    @Test func nothingMovesIfNoLargerHoleWouldCome() throws {
        var image = RegistryImage(capacity: 32)
        try image.register("a", .u64)
        try image.register("b", .u32)
        #expect(image.compacting().isEmpty)
        #expect(RegistryImage(capacity: 32).compacting().isEmpty)
        // These lie one behind the other, in another order than compaction has.
        image = RegistryImage(capacity: 64)
        for (name, type) in [("a", FieldType.u32), ("b", .u32), ("c", .u64)] { try image.register(name, type) }
        #expect(LayoutAllocator(image: image).holes == [24..<56])
        #expect(image.compacting().isEmpty)
    }

    /// Each field stands in another's way, and there is no room to step aside.
    @Test func smallHolesJoinInAFullArea() throws {
        var image = RegistryImage(capacity: 64)
        for name in ["c1", "c2", "c3", "c4", "c5", "c6"] { try image.register(name, .u32) }
        for name in ["d1", "d2", "d3"] { try image.register(name, .u64) }
        for name in ["c1", "c3", "c5"] { image.unregister(try #require(image.field(named: FieldName(name)))) }
        try #require(LayoutAllocator(image: image).holes.map(\.count) == [4, 4, 4])
        let after = image.applying(image.compacting())
        #expect(after.problems.isEmpty && after.recovery().isEmpty)
        #expect(Set(after.fields.map(\.id)) == Set(image.fields.map(\.id)))
        #expect(LayoutAllocator(image: after).holes.map(\.count) == [12])
        #expect(LayoutAllocator(image: after).offset(for: .u64) != nil)
        #expect(after.compacting().isEmpty, "once is enough")
    }

    @Test func flagsNeverMove() throws {
        var image = try Self.holed()
        try image.register("flag", .flag)
        image.unregister(try #require(image.field(named: FieldName("a"))))
        let flag = image.field(named: try FieldName("flag"))
        let steps = image.compacting()
        #expect(!steps.isEmpty)
        #expect(image.applying(steps).field(named: try FieldName("flag")) == flag)
    }

    /// Killed after any step, the next process finishes the move.
    @Test(arguments: [UInt16(0), 500, 65_534, 65_535])
    func aKilledMoveIsFinished(generation: UInt16) throws {
        var image = try Self.holed(generation: generation)
        image.unregister(try #require(image.field(named: FieldName("b"))))
        let steps = image.compacting()
        try #require(steps.count > 5)
        for count in 0...steps.count {
            let killed = image.applying(Array(steps.prefix(count)))
            let recovered = killed.applying(killed.recovery())
            #expect(recovered.recovery().isEmpty)
            #expect(recovered.problems.isEmpty, "killed after \(count)")
            #expect(Set(recovered.fields.map(\.id)) == Set(image.fields.map(\.id)))
            // A field is where it was or where it goes, and old places are free only once the generation is new.
            let finished = recovered.applying(recovered.compacting())
            #expect(finished.problems.isEmpty)
            #expect(LayoutAllocator(image: finished).holes.map(\.count).max() == 29, "killed after \(count)")
        }
    }

    /// A packet made before a move never has the field, whatever its bytes; one made after it has all. And no field's
    /// new place is one that a packet of that generation may still have another field in.
    @Test func packetsAndPlacesAgree() throws {
        var image = try Self.holed()
        image.unregister(try #require(image.field(named: FieldName("b"))))
        var before = image
        var now = image
        for step in image.compacting() {
            now = now.applying(step)
            for field in now.fields {
                let old = try #require(before.field(named: field.name))
                let moved = field.layout.offset != old.layout.offset
                #expect(moved == before.word.generation.isOlder(than: field.layout.generation), "\(field.name)")
                let place = field.layout.offset..<field.layout.offset + field.type.size
                let others = before.fields.filter { $0.name != field.name }
                #expect(
                    !moved || others.allSatisfy { !place.overlaps($0.layout.offset..<$0.layout.offset + $0.type.size) })
            }
            if now.word.generation != before.word.generation { before = now }
        }
        #expect(now.fields.allSatisfy { !now.word.generation.isOlder(than: $0.layout.generation) })
    }

    /// Random registries: whatever can be registered after it had no place before, and nothing else changes.
    @Test func randomRegistriesStaySound() throws {
        var random = SplitMix64(seed: 7)
        for _ in 0..<300 {
            var image = RegistryImage(capacity: 64, generation: UInt16.random(in: 0 ... .max, using: &random))
            for number in 0..<20 {
                let type = [FieldType.u8, .u16, .u32, .u64, .bytes(3)].randomElement(using: &random) ?? .u8
                _ = try? image.register("field_\(number)", type)
            }
            for field in image.fields where Bool.random(using: &random) { image.unregister(field) }
            let steps = image.compacting()
            let cut = image.applying(Array(steps.prefix(Int.random(in: 0...steps.count, using: &random))))
            for after in [image.applying(steps), cut.applying(cut.recovery())] {
                #expect(after.problems.isEmpty && after.recovery().isEmpty)
                #expect(Set(after.fields.map(\.id)) == Set(image.fields.map(\.id)))
                #expect(after.fields.allSatisfy { $0.layout.offset % $0.type.alignment == 0 })
            }
        }
    }
}
