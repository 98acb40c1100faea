// SPDX-License-Identifier: BSD-2-Clause

import PktmetaABI
import Testing

@testable import RegistryModel

@Suite("Well-known fields")
struct WellKnownFieldTests {
    @discardableResult
    static func register(
        _ known: WellKnownField, in image: inout RegistryImage
    ) throws(PacketMetadataError) -> RegisteredField {
        try image.register(known.name, known.type, source: known.source)
    }

    @Test(arguments: [
        (WellKnownField.rxTimestamp, UInt32(0x0100_001d), 29), (.rxHash, 0x0100_001e, 30), (.rxVLAN, 0x0100_001f, 31),
    ])
    func idsAreTheSameInEachRegistry(known: WellKnownField, id: UInt32, slot: Int) throws {
        for (lastEpoch, generation) in [(UInt16(0), UInt16(0)), (9, 77), (65_535, 65_535)] {
            var image = RegistryImage(capacity: 64, generation: generation, lastEpoch: lastEpoch)
            for _ in 0..<3 {
                let field = try Self.register(known, in: &image)
                #expect(field.id.rawValue == id && field.id == known.id)
                #expect(field.slot == slot && field.layout.epoch == 0)
                #expect(field.layout.generation == image.word.generation)
                #expect(image[slot].lastEpoch == lastEpoch, "ordinary ids go on where they stopped")
                #expect(try image.reread().fields == [field])
                #expect(try image.reread().problems.isEmpty)
                #expect(image.hardwareFields == [field])
                image.unregister(field)
            }
        }
    }

    @Test func ordinaryFieldsTakeTheirSlotsLast() throws {
        var image = RegistryImage(capacity: 64)
        let slots = try (0..<31).map { number in try image.register("f\(number)", .flag).slot }
        #expect(slots == Array(1...28) + [31, 30, 29])
        #expect(image.fields.allSatisfy { $0.layout.epoch >= 1 })
    }

    @Test func allThreeLeaveRoomFor28() throws {
        var image = RegistryImage(capacity: 64)
        for known in WellKnownField.allCases { try Self.register(known, in: &image) }
        for number in 0..<28 { try image.register("f\(number)", .u8) }
        let error = try #require(
            refusal { () throws(PacketMetadataError) in try image.register("more", .flag) })
        #expect(error.kind == .taken)
        #expect(error.field == .slotsTaken(31, of: 31))
    }

    @Test func aTakenSlotIsNamed() throws {
        var image = RegistryImage(capacity: 64)
        for number in 0..<29 { try image.register("f\(number)", .u8) }
        let error = try #require(
            refusal { () throws(PacketMetadataError) in try Self.register(.rxVLAN, in: &image) })
        #expect(error.kind == .taken)
        let holder = try #require(image.fields.first { $0.name.text == "f28" })
        #expect(error.field == .slotTaken(31, by: holder))
        try Self.register(.rxHash, in: &image)
        image.unregister(holder)
        try Self.register(.rxVLAN, in: &image)
    }

    /// An ordinary field, the well-known one, an ordinary field again: its id is a new one.
    @Test func ordinaryIDsDoNotRepeat() throws {
        var image = RegistryImage(capacity: 64, lastEpoch: 40)
        for number in 0..<28 { try image.register("f\(number)", .flag) }
        let first = try image.register("first", .flag)
        image.unregister(first)
        let known = try Self.register(.rxVLAN, in: &image)
        image.unregister(known)
        let second = try image.register("second", .flag)
        #expect(first.slot == 31 && second.slot == 31)
        #expect(first.layout.epoch == 41 && second.layout.epoch == 42)
        #expect(Set([first.id, known.id, second.id]).count == 3)
    }

    @Test func packetsFromBeforeAreOlder() throws {
        var image = RegistryImage(capacity: 64, generation: 500)
        let first = try Self.register(.rxHash, in: &image)
        image.unregister(first)
        let second = try Self.register(.rxHash, in: &image)
        #expect(second.id == first.id)
        #expect(first.layout.generation.isOlder(than: second.layout.generation))
    }

    // MARK: Names, types and sources

    @Test func theyGoTogetherOnly() throws {
        for known in WellKnownField.allCases {
            for type in everyType {
                for source in [FieldSource.none, .ifindex] + WellKnownField.allCases.map(\.source) {
                    let error = refusal { () throws(PacketMetadataError) in
                        try define(known.name, type, source: source)
                    }
                    let fits = type == known.type && source == known.source
                    #expect((error == nil) == fits, "\(known.name) \(type) \(source)")
                    #expect(error == nil || error?.kind == .usage)
                }
            }
            let other = try #require(
                refusal { () throws(PacketMetadataError) in try define("other", known.type, source: known.source) })
            #expect(other.field == .sourceIsWellKnown(known))
        }
    }

    @Test(arguments: ["rx-timestamp", "rx-hash", "rx-vlan"])
    func sourcesAreReadAndWritten(text: String) throws {
        let known = try #require(WellKnownField.allCases.first { $0.name == text.replacing("-", with: "_") })
        #expect(try FieldSource(text, type: known.type) == known.source)
        #expect(known.source.description(type: known.type) == text)
        #expect(FieldSource.spellings.contains(text))
    }

    // MARK: Damage

    @Test func anotherPlaceIsDamage() throws {
        let definition = try define("rx_hash", .u32, source: .rxHash)
        for (slot, epoch) in [(5, UInt16(0)), (30, 1), (29, 0)] {
            var image = RegistryImage(capacity: 64)
            image[slot] = SlotImage(layout: live(20..<24, slot: slot, epoch: epoch), definition: definition)
            let problem = try #require(try image.reread().problems.first)
            #expect(problem.slot == slot)
            #expect(problem.fault == .notWellKnown(.rxHash))
        }
    }
}
