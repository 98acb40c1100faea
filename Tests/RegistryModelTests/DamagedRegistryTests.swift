// SPDX-License-Identifier: BSD-2-Clause

import PktmetaABI
import Testing

@testable import RegistryModel

/// Anyone with access to the map can write anything into it.
@Suite("Damaged registries")
struct DamagedRegistryTests {
    /// Something done to slot 5, which holds a live u32 at 16-19 of 48 bytes for values, and what is said of it.
    struct Damage: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let fault: RegistryProblem.Fault
        let apply: @Sendable (inout Slot) -> Void

        init(_ what: String, _ fault: RegistryProblem.Fault, _ apply: @escaping @Sendable (inout Slot) -> Void) {
            (testDescription, self.fault, self.apply) = (what, fault, apply)
        }
    }

    /// A slot's word, and the members of its entry.
    @dynamicMemberLookup struct Slot {
        var layout: UInt64
        var entry: pktmeta_entry

        subscript<Value>(dynamicMember member: WritableKeyPath<pktmeta_entry, Value>) -> Value {
            get { entry[keyPath: member] }
            set { entry[keyPath: member] = newValue }
        }

        /// Both sizes, of a field of the type bytes.
        mutating func resize(_ size: UInt8) {
            layout = layout & ~(0xff << 24) | UInt64(size) << 24
            (entry.size, entry.type) = (size, 11)
        }
    }

    static let entryDamages = [
        Damage("unterminated name", .unterminatedText) { encodeText(a32, into: &$0.name) },
        Damage("unterminated owner", .unterminatedText) { encodeText(a32, into: &$0.owner) },
        Damage("name of bad UTF-8", .unterminatedText) { $0.name.1 = -1 },
        Damage("owner of bad UTF-8", .unterminatedText) { $0.owner.0 = -64 },
        Damage("empty name", .badDefinition(.badName("", .empty))) { $0.name.0 = 0 },
        Damage("name with a dash", .badDefinition(.badName("e-", .badCharacter))) { $0.name.1 = 0x2d },
        Damage("name with a newline", .badDefinition(.badName("e\n", .badCharacter))) { $0.name.1 = 0x0a },
        Damage("owner with an escape", .badDefinition(.badOwner("\u{1b}"))) { $0.owner.0 = 0x1b },
        Damage("type 0", .noType(code: 0, size: 4)) { $0.type = 0 },
        Damage("type 12", .noType(code: 12, size: 4)) { $0.type = 12 },
        Damage("type -1", .noType(code: .max, size: 4)) { $0.type = .max },
        Damage("type of another size", .noType(code: 5, size: 4)) { $0.type = 5 },
        Damage("size 255", .sizes(layout: 255, entry: 4)) { $0.layout |= 0xff << 24 },
        Damage("size 5 of the entry", .sizes(layout: 4, entry: 5)) { $0.size = 5 },
        Damage("255 bytes", .noType(code: 11, size: 255)) { $0.resize(255) },
        Damage("65 bytes", .noType(code: 11, size: 65)) { $0.resize(65) },
        Damage("no bytes", .noType(code: 11, size: 0)) { $0.resize(0) },
        Damage("unknown source", .badSource) { $0.source = 12 },
        Damage("source of a well-known field", .badDefinition(.sourceIsWellKnown(.rxHash))) { $0.source = 10 },
        Damage("source -1", .badSource) { $0.source = .max },
        Damage("source of another type", .badSource) { $0.source = 7 },
        Damage("payload past the packet", .badSource) { ($0.source, $0.source_offset) = (8, 65_472) },
        Damage("payload at -1", .badSource) { ($0.source, $0.source_offset) = (8, .max) },
    ]

    static let layoutDamages = [
        Damage("live byte 2", .damagedLayout) { $0.layout ^= 0x03 << 56 },
        Damage("live byte 255", .damagedLayout) { $0.layout |= 0xff << 56 },
        Damage("another slot", .otherSlot(4)) { $0.layout ^= 0x01 << 32 },
        Damage("offset 53", .pastTheEnd(end: 57, valuesEnd: 56)) { $0.layout ^= (16 ^ 45) << 16 },
        Damage("offset of the trailer", .pastTheEnd(end: 60, valuesEnd: 56)) { $0.layout ^= (16 ^ 48) << 16 },
        Damage("offset in the trailer", .pastTheEnd(end: 64, valuesEnd: 56)) { $0.layout ^= (16 ^ 52) << 16 },
        Damage("offset behind the trailer", .pastTheEnd(end: 72, valuesEnd: 56)) { $0.layout ^= (16 ^ 60) << 16 },
        Damage("offset 73", .pastTheEnd(end: 77, valuesEnd: 56)) { $0.layout ^= (16 ^ 65) << 16 },
        Damage("offset 263", .pastTheEnd(end: 267, valuesEnd: 56)) { $0.layout |= 0xff << 16 },
        Damage("newer generation", .newGeneration(Generation(502), current: Generation(500))) { $0.layout += 2 },
        Damage("offset of slot 2", .overlap(with: 2)) { $0.layout ^= (16 ^ 4) << 16 },
        Damage("name of slot 1", .duplicateName(name("a"), slot: 1)) { $0.name.0 = 0x61 },
    ]

    private static func name(_ text: String) -> FieldName {
        guard let name = try? FieldName(text) else { preconditionFailure(text) }
        return name
    }

    static let a32 = String(repeating: "a", count: 32)

    /// Fields a to e in slots 1 to 5, one behind the other, at generation 500.
    static func sound() throws -> RegistryImage {
        var image = RegistryImage(capacity: 64, generation: 500)
        for name in ["a", "b", "c", "d", "e"] { try image.register(name, .u32, source: .ifindex) }
        return image
    }

    static func damaged(_ damage: Damage) throws -> RegistryImage {
        var slots = try sound().slotBytes
        var slot = Slot(
            layout: decode(slots[5], as: UInt64.self), entry: decode(Array(slots[5][8...]), as: pktmeta_entry.self))
        damage.apply(&slot)
        slots[5] = encode(slot.layout) + encode(slot.entry)
        return try RegistryImage(slotBytes: slots)
    }

    @Test(arguments: entryDamages + layoutDamages)
    func eachDamageIsNamedWithItsSlot(_ damage: Damage) throws {
        let image = try Self.damaged(damage)
        let problem = try #require(image.problems.first)
        #expect(image.problems.count == 1)
        #expect(problem.slot == 5)
        #expect(problem.fault == damage.fault)
        try exercise(image)
    }

    @Test(arguments: entryDamages)
    func aFieldThatMakesNoSenseIsNoneButKeepsItsPlace(_ damage: Damage) throws {
        let image = try Self.damaged(damage)
        #expect(image.fields.map(\.slot) == [1, 2, 3, 4])
        let taken = image[5].layout.offset..<image[5].layout.offset + image[5].layout.size
        let allocator = LayoutAllocator(image: image)
        #expect(allocator.freeSlot == 6)
        #expect(allocator.holes.allSatisfy { !$0.overlaps(taken) && $0.lowerBound >= 16 })
    }

    /// What is left in a slot without a field is nobody's problem.
    @Test(arguments: entryDamages)
    func tombstonesAreNotLookedAt(_ damage: Damage) throws {
        var image = try Self.damaged(damage)
        image[5].layout = image[5].layout.gone(generation: image[5].layout.generation)
        #expect(try image.reread().problems.isEmpty)
    }

    @Test func overlapsAndDuplicatesAreNamedAtTheLaterField() throws {
        var slots = try Self.sound().slotBytes
        slots[9] = slots[1]
        slots[9][4] = 9  // the word's slot
        let image = try RegistryImage(slotBytes: slots)
        #expect(
            Set(image.problems) == [
                RegistryProblem(slot: 9, fault: .overlap(with: 1)),
                RegistryProblem(slot: 9, fault: .duplicateName(Self.name("a"), slot: 1)),
            ])
    }

    @Test(arguments: [(8..<12, 11..<12), (8..<12, 8..<9), (16..<24, 18..<19), (16..<24, 16..<24)])
    func aSharedByteIsAnOverlap(first: Range<Int>, second: Range<Int>) throws {
        var image = RegistryImage(capacity: 64)
        image[1] = SlotImage(layout: live(first), definition: try define("one", .bytes(first.count)))
        image[2] = SlotImage(layout: live(second, slot: 2), definition: try define("two", .bytes(second.count)))
        #expect(try image.reread().problems == [RegistryProblem(slot: 2, fault: .overlap(with: 1))])
        image[1].layout = live(second.upperBound..<second.upperBound + first.count)
        #expect(try image.reread().problems.isEmpty)
    }

    @Test(arguments: [
        (52..<56, true), (8..<56, true), (52..<57, false), (8..<57, false), (56..<57, false), (56..<60, false),
        (60..<68, false), (68..<72, false), (68..<76, false), (72..<76, false), (199..<263, false),
    ])
    func aFieldWithBytesOfTheTrailerIsDamagedAndNone(bytes: Range<Int>, isField: Bool) throws {
        var image = RegistryImage(capacity: 64)
        image[1] = SlotImage(layout: live(bytes), definition: try define("wide", .bytes(bytes.count)))
        let reread = try image.reread()
        let fault = RegistryProblem.Fault.pastTheEnd(end: bytes.upperBound, valuesEnd: 56)
        #expect(reread.problems == (isField ? [] : [RegistryProblem(slot: 1, fault: fault)]))
        #expect(reread.fields.map(\.slot) == (isField ? [1] : []))
        #expect(reread.usedBytes == (isField ? bytes.count : 0))
        let repaired = reread.applying(reread.repairing())
        #expect(repaired.problems.isEmpty && repaired.fields == reread.fields)
    }

    @Test func problemsAreSortedBySlot() throws {
        var slots = try Self.sound().slotBytes
        for slot in [5, 2, 30] { slots[slot][7] = 9 }
        slots[9] = slots[1]
        slots[9][4] = 9
        let image = try RegistryImage(slotBytes: slots)
        #expect(image.problems.map(\.slot) == [2, 5, 9, 9, 30])
    }

    // MARK: Repair

    @Test(arguments: entryDamages + layoutDamages)
    func repairingUnregistersWhatIsDamagedAndNothingElse(_ damage: Damage) throws {
        let image = try Self.damaged(damage)
        let repaired = image.applying(image.repairing())
        #expect(repaired.problems.isEmpty)
        let lost = Set(image.fields.map(\.name)).subtracting(repaired.fields.map(\.name))
        // Of two on the same bytes, neither can be believed.
        let second = try FieldName("b")
        let both: Set<FieldName> = try [second, FieldName("e")]
        #expect(
            damage.testDescription == "offset of slot 2" ? lost == both : lost.isSubset(of: both.subtracting([second])))
        for field in repaired.fields { #expect(image.fields.contains(field)) }
        #expect(repaired.word.generation == image.word.generation.next)
        #expect(repaired.repairing().isEmpty)
    }

    @Test func repairingCanBeKilledAnywhere() throws {
        for damage in Self.entryDamages + Self.layoutDamages {
            let image = try Self.damaged(damage)
            let steps = image.repairing()
            for count in steps.indices {
                let killed = image.applying(Array(steps[..<count]))
                let recovered = killed.applying(killed.recovery())
                let repaired = recovered.applying(recovered.repairing())
                #expect(repaired.problems.isEmpty)
                #expect(repaired.recovery().isEmpty)
                // An id of a field that went is not the next one's.
                var reused = repaired
                _ = try reused.register("fresh", .u32)
                let old = Set(image.fields.map(\.id))
                let fresh = try #require(reused.field(named: FieldName("fresh")))
                #expect(!old.contains(fresh.id))
            }
        }
    }

    @Test(arguments: [UInt64(0), 0x0000_0000_0418_0000, 0x0100_0100_0400_01f4])
    func slotZeroMustBeNobodys(word: UInt64) throws {
        var image = try Self.sound()
        image.slotZero = LayoutWord(rawValue: word)
        let reread = try image.reread()
        #expect(reread.problems.map(\.slot) == [0])
        let repaired = reread.applying(reread.repairing())
        #expect(repaired.problems.isEmpty && repaired.slotZero == .noField)
        #expect(repaired.fields.map(\.name) == image.fields.map(\.name))
    }

    /// An id with live byte 0 would match it.
    @Test func aTombstoneThatNamesASlotIsDamage() throws {
        var image = try Self.sound()
        image[5].layout = LayoutWord(rawValue: image[5].layout.rawValue & ~(0xff << 56))
        #expect(try image.reread().problems.map(\.slot) == [5])
    }

    // MARK: Garbage

    @Test func garbageNeverTraps() throws {
        var random = SplitMix64(seed: 0xdead_beef)
        let head = RegistryImage(capacity: 64, generation: 500).slotBytes[0]
        var (withProblems, withFields) = (0, 0)
        for round in 0..<2_000 {
            var slots = [head] + (1..<32).map { _ in garbage(using: &random) }
            // Random bytes alone are hardly ever live: 1 byte in 256.
            if round.isMultiple(of: 2) { for slot in 1..<32 { slots[slot][7] = UInt8(slot % 3) } }
            let image = try RegistryImage(slotBytes: slots)
            try exercise(image)
            withProblems += image.problems.isEmpty ? 0 : 1
        }
        #expect(withProblems == 2_000)

        let sound = try Self.sound().slotBytes
        for _ in 0..<2_000 {
            var slots = sound
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                slots[.random(in: 1..<32, using: &random)][.random(in: 0..<256, using: &random)] =
                    .random(in: 0...255, using: &random)
            }
            let image = try RegistryImage(slotBytes: slots)
            try exercise(image)
            withFields += image.fields.isEmpty ? 0 : 1
        }
        #expect(withFields > 1_900)
    }

    private func garbage(using random: inout SplitMix64) -> [UInt8] {
        (0..<32).flatMap { _ in encode(random.next()) }
    }

    /// All that a command may do with what it has read; the new field must not touch those that are there.
    private func exercise(_ image: RegistryImage) throws {
        _ = (image.usedBytes, LayoutAllocator(image: image).holes)
        try #require(image.bytes.count == RegistryImage.size)
        for field in image.fields { try #require(!image.unregistering(field).isEmpty) }
        _ = image.applying(image.recovery()).problems
        try #require(image.applying(image.repairing()).problems.isEmpty)
        for type in [FieldType.flag, .u32, .bytes(1)] {
            var grown = image
            do throws(PacketMetadataError) {
                let field = try grown.register("fresh_field", type)
                let new = Set(field.layout.offset..<field.layout.offset + field.layout.size)
                for other in image.fields {
                    expect(new.isDisjoint(with: other.layout.offset..<other.layout.offset + other.layout.size))
                }
                expect(image.isOccupied(image[field.slot].layout) == false)
            } catch {
                try #require(error.kind == .taken)
            }
        }
    }

    private func expect(_ condition: Bool) {
        if !condition { Issue.record("the new field lies on another's slot or bytes") }
    }
}
