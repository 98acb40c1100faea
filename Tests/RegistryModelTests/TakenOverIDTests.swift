// SPDX-License-Identifier: BSD-2-Clause

import SystemPackage
import Testing

@testable import RegistryModel

/// Fields that are to have the ids that they had in another registry.
@Suite("Ids that are taken over")
struct TakenOverIDTests {
    private static func register(
        _ image: inout RegistryImage, _ name: String, _ id: FieldID, _ type: FieldType = .u32
    ) throws(PacketMetadataError) -> RegisteredField {
        let definition: FieldDefinition
        do { definition = try define(name, type) } catch { fatalError("\(error)") }
        let (steps, field) = try image.registering(definition, id: id, now: 7)
        image = image.applying(steps)
        return field
    }

    private static func kind(
        _ image: RegistryImage, _ name: String, _ id: FieldID
    ) -> PacketMetadataError.Kind? {
        var image = image
        return refusal { () throws(PacketMetadataError) in _ = try register(&image, name, id) }?.kind
    }

    @Test func aSlotThatNeverHadAFieldTakesAnyEpoch() throws {
        for epoch in [UInt16(1), 41, 42, 43, 0xffff] {
            var image = RegistryImage(lastEpoch: 42)
            let field = try Self.register(&image, "tenant", FieldID(slot: 9, epoch: epoch))
            #expect(field.slot == 9 && field.id == FieldID(slot: 9, epoch: epoch))
            #expect(image.problems.isEmpty && image.fields == [field])
            #expect(try image.reread().fields == [field])
            // Whoever has the slot next has an epoch that nobody can have had.
            image.unregister(field)
            let next = max(epoch, 42)
            let isLast = next == 0xffff
            #expect((Self.kind(image, "next", FieldID(slot: 9, epoch: isLast ? 0xffff : next + 1)) == nil) == !isLast)
        }
    }

    @Test func anIDThatWasAnothersIsRefused() throws {
        var image = RegistryImage(lastEpoch: 42)
        let old = try image.register("old", .u32)
        #expect(Self.kind(image, "new", old.id) == .taken, "it is another's")
        #expect(Self.kind(image, "new", FieldID(slot: old.slot, epoch: 99)) == .taken, "its slot is another's")
        image.unregister(old)
        #expect(Self.kind(image, "new", old.id) == .taken, "it was another's")
        #expect(Self.kind(image, "new", FieldID(slot: old.slot, epoch: 7)) == .taken, "nobody knows")
        let new = try Self.register(&image, "new", FieldID(slot: old.slot, epoch: 44))
        #expect(new.id != old.id && image.problems.isEmpty)
    }

    @Test func repeatingIsSuccess() throws {
        var image = RegistryImage()
        let id = FieldID(slot: 3, epoch: 5)
        let field = try Self.register(&image, "tenant", id)
        let (steps, again) = try image.registering(define("tenant", .u32), id: id, now: 9)
        #expect(steps.isEmpty && again == field)
        #expect(Self.kind(image, "tenant", FieldID(slot: 4, epoch: 5)) == .taken, "a field keeps its id")
    }

    @Test(arguments: [UInt32(0), 1, 0x0100_0100, 0x0100_0120, 0x0200_0101, 0x0001_0101, .max, 0x0100_0003])
    func whatNoFieldCanHaveIsUsage(id: UInt32) {
        #expect(Self.kind(RegistryImage(), "tenant", FieldID(rawValue: id)) == .usage)
    }

    @Test func wellKnownFieldsHaveTheirsOnly() throws {
        var image = RegistryImage()
        let known = WellKnownField.allCases[0]
        let definition = try define(known.name, known.type, source: known.source)
        let (steps, field) = try image.registering(definition, id: known.id, now: 1)
        #expect(field.id == known.id)
        let other = refusal { () throws(PacketMetadataError) in
            _ = try image.registering(definition, id: FieldID(slot: 3, epoch: 1), now: 1)
        }
        #expect(other?.refusal as? FieldRefusal == .idIsWellKnown(known))
        image = image.applying(steps)
        image.unregister(field)
        #expect(try image.registering(definition, id: known.id, now: 1).field.id == known.id, "again and again")
    }

    @Test(arguments: [
        ("0x01002a03", UInt32?.some(0x0100_2a03)), ("16787971", 0x0100_2a03), ("0x0", 0), ("0x1ffffffff", nil),
        ("", nil),
        ("0x", nil), ("-1", nil), ("tenant", nil),
    ])
    func spellings(text: String, number: UInt32?) {
        #expect(FieldID(text)?.rawValue == number)
    }

    /// Entries have been the same since ABI 1, whatever the registry's word is.
    @Test func fieldsOfEarlierABIsAreRead() throws {
        var image = RegistryImage(lastEpoch: 6)
        try image.register("tenant", .u32, source: .constant([1, 2, 3, 4]))
        try image.register("flag", .flag)
        for word in [image.word.rawValue, 0x51ab_1234_1234_4000] {
            let bytes = encode(word) + image.bytes.dropFirst(8)
            let read = try RecordedFields(ofMap: bytes, path: "x")
            #expect(read.fields.map(\.id) == image.fields.sorted { $0.slot < $1.slot }.map(\.id))
            #expect(read.fields.map(\.definition.name.text) == ["tenant", "flag"])
            #expect(read.damagedSlots == [] && read.sufficientCapacity == 64)
        }
        // 56 bytes of values of ABI 1 do not fit 64 any more.
        var full = RegistryImage(capacity: 128)
        for number in 0..<7 { try full.register("n\(number)", .u64) }
        let old = try RecordedFields(ofMap: encode(UInt64(0x51ab_1234_1234_4000)) + full.bytes.dropFirst(8), path: "x")
        #expect(old.fields.count == 7 && old.sufficientCapacity == 128)
        var damaged = image
        damaged[1].layout = LayoutWord(rawValue: 7 << 56)
        #expect(try RecordedFields(ofMap: damaged.bytes, path: "x").damagedSlots == [1])
        for (word, kind) in [(UInt64(0x53ab_1234_1234_4000), PacketMetadataError.Kind.incompatibleABI), (0, .badData)] {
            let bytes = encode(word) + image.bytes.dropFirst(8)
            let error = refusal { () throws(PacketMetadataError) in
                _ = try RecordedFields(ofMap: bytes, path: "x")
            }
            #expect(error?.kind == kind)
        }
    }
}
