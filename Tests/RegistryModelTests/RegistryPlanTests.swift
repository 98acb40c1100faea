// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

@Suite("Plans of a change")
struct RegistryPlanTests {
    // MARK: Register

    /// A program may see the field once it is published, so everything else is there by then.
    @Test func registeringPublishesLast() throws {
        let image = RegistryImage(capacity: 64, generation: 500, lastEpoch: 41)
        let asked = try define("tenant", .u32, source: .ifindex, owner: "me")
        let (steps, field) = try image.registering(asked, now: 1234)

        #expect(field.slot == 1 && field.id.rawValue == 0x0100_2a01)
        #expect(field.definition == asked && field.registeredAt == 1234)
        #expect(
            field.layout.rawValue == 0x0100_2a01_0400_01f4, "live, epoch 42, slot 1, size 4, offset 8, generation 500")
        #expect(steps.count == 5)
        #expect(steps.first == .raiseRevision(2))
        guard case .describe(1, let entry) = steps[1] else { throw Unexpected(step: steps[1]) }
        #expect(entry.count == 248)
        #expect(steps[2] == .gracePeriod)
        #expect(steps[3] == .publish(slot: 1, field.layout))
        #expect(steps[4] == .renew)

        let after = image.applying(steps)
        #expect(after.fields == [field])
        #expect(after.field(named: field.name) == field)
        #expect(after.word == image.word, "fresh bytes need no new generation")
        #expect(after.revision == 2)
        #expect(after.problems.isEmpty)
        for count in 0..<4 {
            #expect(image.applying(Array(steps.prefix(count))).fields.isEmpty)
            #expect(image.applying(Array(steps.prefix(count)))[1].layout == image[1].layout)
        }
    }

    struct Unexpected: Error {
        let step: RegistryStep
    }

    @Test func registeringTheSameAgainDoesNothing() throws {
        var image = RegistryImage()
        let first = try image.register("tenant", .u32, source: .constant([1, 2, 3, 4]))
        try image.register("other", .u8)
        let again = try define("tenant", .u32, source: .constant([1, 2, 3, 4]))
        let (steps, field) = try image.registering(again, now: 99)
        #expect(steps.isEmpty)
        #expect(field == first)
    }

    @Test func aTakenNameIsRefused() throws {
        var image = RegistryImage()
        image = try image.applying(
            image.registering(define("tenant", .u32, source: .ifindex, owner: "acme"), now: 1).steps)
        let others = try [
            define("tenant", .u64, source: .ifindex, owner: "acme"), define("tenant", .u32, owner: "acme"),
        ]
        for asked in others {
            let error = try #require(
                refusal { () throws(PacketMetadataError) in try image.registering(asked, now: 2).field })
            #expect(error.kind == .taken)
            #expect(error.field == .nameTaken(asked: asked, by: image.fields[0]))
        }
    }

    /// Several may see to it that a field is there; the first stays its owner.
    @Test(arguments: ["", "acme", "else"])
    func whoRegistersItIsNoPartOfAField(owner: String) throws {
        var image = RegistryImage()
        let first = try image.registering(define("tenant", .u32, source: .ifindex, owner: "acme"), now: 1)
        image = image.applying(first.steps)
        let again = try image.registering(define("tenant", .u32, source: .ifindex, owner: owner), now: 2)
        #expect(again.steps.isEmpty && again.field == first.field)
        let unowned = try image.applying([]).registering(define("other", .u8), now: 3)
        image = image.applying(unowned.steps)
        #expect(try image.registering(define("other", .u8, owner: owner), now: 4).field == unowned.field)
    }

    @Test func aNameThatWasUnregisteredIsFree() throws {
        var image = RegistryImage()
        let first = try image.register("tenant", .u32)
        image.unregister(first)
        let second = try image.register("tenant", .u64)
        #expect(second.id != first.id)
        #expect(image.fields == [second])
    }

    @Test func withoutASlotTheFieldIsRefused() throws {
        var image = RegistryImage(capacity: 64)
        for number in 0..<31 { try image.register("f\(number)", .u8) }
        #expect(Set(image.fields.map(\.slot)) == Set(1...31))
        for type in [FieldType.u8, .flag] {
            let error = try #require(refusal { () throws(PacketMetadataError) in try image.register("more", type) })
            #expect(error.kind == .taken)
            #expect(error.field == .slotsTaken(31, of: 31))
        }
        let victim = try #require(image.fields.first { $0.slot == 17 })
        image.unregister(victim)
        #expect(try image.register("more", .u8).slot == 17)
    }

    @Test func withRetiredSlotsTheReasonSaysSo() throws {
        var image = RegistryImage()
        for slot in 3...31 { image[slot].lastEpoch = 65_535 }
        try image.register("a", .u8)
        try image.register("b", .u8)
        let error = try #require(refusal { () throws(PacketMetadataError) in try image.register("c", .u8) })
        #expect(error.kind == .taken)
        #expect(error.field == .slotsTaken(2, of: 31))
    }

    @Test func withoutSpaceTheFieldIsRefused() throws {
        var image = RegistryImage(capacity: 32)
        try image.register("a", .bytes(12))
        let error = try #require(refusal { () throws(PacketMetadataError) in try image.register("b", .ipv6) })
        #expect(error.kind == .taken)
        #expect(error.field == .spaceTaken(.ipv6, free: 4, of: 16))
        try image.register("b", .u32)
        let full = try #require(refusal { () throws(PacketMetadataError) in try image.register("c", .u8) })
        #expect(full.field == .spaceTaken(.u8, free: 0, of: 16))
    }

    /// Nothing that is unregistered would help.
    @Test func whatNeverFitsIsToldByTheCapacity() throws {
        var image = RegistryImage(capacity: 64)
        let error = try #require(refusal { () throws(PacketMetadataError) in try image.register("big", .bytes(64)) })
        #expect(error.kind == .taken)
        #expect(error.field == .tooLarge(.bytes(64), capacity: 64, space: 48, enough: 128))
        try image.register("fits", .bytes(48))
        var small = RegistryImage(capacity: 32)
        let other = try #require(refusal { () throws(PacketMetadataError) in try small.register("big", .bytes(17)) })
        #expect(other.field == .tooLarge(.bytes(17), capacity: 32, space: 16, enough: 64))
    }

    /// As a program that uses the library does it.
    @Test func refusalsAreSwitchedOver() throws {
        var image = RegistryImage(capacity: 32)
        let tenant = try image.register("tenant", .bytes(12))
        var told: [String] = []
        for (name, type) in [("tenant", FieldType.u8), ("wide", .ipv6), ("", .u8)] {
            do throws(PacketMetadataError) {
                _ = try image.register(name, type)
            } catch {
                switch error.refusal {
                case FieldRefusal.nameTaken(_, let field): told.append("\(field == tenant)")
                case FieldRefusal.spaceTaken(let type, let free, _): told.append("\(type) \(free)")
                default: told.append("\(error)")
                }
            }
        }
        #expect(told.prefix(2) == ["true", "ipv6 4"])
        #expect(told.last?.hasPrefix("read(") == true && told.last?.contains("): badName(") == true, "\(told)")
    }

    @Test func spaceInPiecesIsNamed() throws {
        var image = RegistryImage(capacity: 32, layouts: [live(8..<10), live(15..<19)])
        let error = try #require(refusal { () throws(PacketMetadataError) in try image.register("wide", .u64) })
        #expect(error.kind == .taken)
        #expect(error.field == .spaceScattered(.u64, holes: [10..<15, 19..<24]))
    }

    // MARK: Unregister

    /// The bytes are free once the generation is new; by then each program has seen that the field is gone.
    @Test(arguments: [UInt16(0), 500, 65_535])
    func unregisteringBumpsAfterTheGracePeriod(generation: UInt16) throws {
        var image = RegistryImage(capacity: 64, generation: generation)
        let field = try image.register("tenant", .u32)
        let next = Generation(generation &+ 1)
        let gone = LayoutWord(goneOf: field.layout.epoch, generation: next, offset: 8, size: 4)
        let pending = image.word.announced()
        let bumped = RegistryWord(capacity: 64, identity: 0x2bcd, generation: UInt32(generation) + 1)
        #expect(
            image.unregistering(field) == [
                .raiseRevision(3), .publish(slot: 1, gone), .gracePeriod,
                .setWord(pending), .renew, .setWord(bumped), .renew,
            ])

        let after = image.applying(image.unregistering(field))
        #expect(after.fields.isEmpty)
        #expect(after.word == bumped)
        #expect(after.problems.isEmpty)
        #expect(after.forbiddenBytes.isEmpty)
    }

    @Test func reusedBytesAreOfANewGeneration() throws {
        var image = RegistryImage(capacity: 32, generation: 65_535)
        let old = try image.register("a", .bytes(16))
        #expect(old.layout.generation.number == 65_535)
        image.unregister(old)
        let new = try image.register("b", .bytes(16))
        #expect(new.slot == old.slot && new.layout.offset == old.layout.offset)
        #expect(new.layout.generation.number == 0)
        #expect(new.layout.epoch == old.layout.epoch + 1)
        #expect(new.id != old.id)
    }

    @Test func otherFieldsAreLeftAlone() throws {
        var image = RegistryImage()
        let kept = try image.register("kept", .u32)
        let gone = try image.register("gone", .u32)
        let steps = image.unregistering(gone)
        #expect(image.applying(steps).fields == [kept])
        for step in steps {
            if case .publish(let slot, _) = step { #expect(slot == gone.slot) }
        }
    }
}
