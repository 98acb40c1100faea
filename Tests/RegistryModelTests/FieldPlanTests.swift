// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

/// Several fields at once: decided, without a kernel.
@Suite struct FieldPlanTests {
    static func wanted(
        _ name: String, _ type: FieldType = .u32, id: FieldID? = nil, offset: Int? = nil
    ) throws -> WantedField {
        WantedField(try define(name, type, owner: "acme"), id: id, offset: offset)
    }

    @Test func thirtyOneFieldsTakeOneGracePeriod() throws {
        let image = RegistryImage(capacity: 252)
        let plan = try image.plan(FieldWish((0..<31).map { try Self.wanted("field_\($0)") }, replaces: false), now: 1)
        #expect(plan.registered.count == 31 && plan.removal.isEmpty)
        #expect(plan.registration.count { $0 == .gracePeriod } == 1)
        #expect(plan.registration.count { $0 == .renew } == 1)
        let after = image.applying(plan.registration)
        #expect(after.fields.map(\.name) == plan.registered.map(\.name))
        // One after the other they get the same places.
        var single = image
        for field in plan.registered {
            single = single.applying(try single.registering(field.definition, now: 1).steps)
        }
        #expect(single.fields.map(\.layout.offset) == after.fields.map(\.layout.offset))
        let again = try after.plan(
            FieldWish(plan.registered.map { WantedField($0.definition) }, replaces: true), now: 2)
        #expect(again.removal.isEmpty && again.registration.isEmpty && again.future == after)
    }

    @Test func whatGoesGoesWithOneGenerationAndMakesRoom() throws {
        var image = RegistryImage(capacity: 32)
        for name in ["a", "b"] {
            image = image.applying(try image.registering(define(name, .u64, owner: "acme"), now: 1).steps)
        }
        let wish = FieldWish([try Self.wanted("a", .u32), try Self.wanted("c", .u64)], replaces: true) {
            $0.definition.owner == "acme"
        }
        let plan = try image.plan(wish, now: 2)
        #expect(plan.replaced.map(\.name.text) == ["a"] && plan.pruned.map(\.name.text) == ["b"])
        #expect((plan.removal + plan.registration).count { $0 == .gracePeriod } == 2)
        let after = image.applying(plan.removal).applying(plan.registration)
        #expect(Set(after.fields.map(\.name.text)) == ["a", "c"])
        #expect(after.word.generation == image.word.generation.next)
    }

    @Test func holesAreClosedForAFieldThatFitsNowhereElse() throws {
        var image = RegistryImage(capacity: 32)
        for name in ["a", "b", "c", "d"] {
            image = image.applying(try image.registering(define(name, .u32), now: 1).steps)
        }
        for name in ["a", "c"] {
            image = image.applying(image.unregistering(try #require(image.field(named: FieldName(name)))))
        }
        let plan = try image.plan(FieldWish([try Self.wanted("wide", .bytes(8))], replaces: false), now: 2)
        #expect(!plan.moved.isEmpty && plan.registered.count == 1)
        #expect(image.applying(plan.registration).field(named: try FieldName("wide")) == plan.registered[0])
    }

    /// What goes goes before areas get smaller, and what stays comes together; what comes comes after.
    @Test func smallerAreasHoldWhatIsWantedThen() throws {
        var image = RegistryImage(capacity: 64)
        for name in ["a", "b", "c", "d", "e", "f"] {
            image = image.applying(try image.registering(define(name, .u64, owner: "acme"), now: 1).steps)
        }
        #expect(!image.fields(beyond: 32).isEmpty)
        let wish = FieldWish([try Self.wanted("f", .u64), try Self.wanted("new", .u32)], capacity: 32, replaces: true) {
            $0.definition.owner == "acme"
        }
        let plan = try image.plan(wish, now: 2)
        #expect(plan.future.word.capacity == 32 && plan.future.fields(beyond: 32).isEmpty)
        #expect(Set(plan.future.fields.map(\.name.text)) == ["f", "new"])
        #expect(plan.moved.map(\.name.text) == ["f"] && plan.refused.isEmpty)
        let kept = FieldWish(wish.wanted, capacity: 32, replaces: true)
        let refused = refusal { () throws(PacketMetadataError) in try image.plan(kept, now: 2) }
        guard case .beyondCapacity? = refused?.refusal as? FieldRefusal else {
            Issue.record("\(String(describing: refused))")
            return
        }
    }

    /// Each that cannot be had, and the others all the same.
    @Test func whatCannotBeHadKeepsNoOtherOut() throws {
        let image = RegistryImage(capacity: 32)
        let wide = try Self.wanted("wide", .bytes(32))
        let plan = try image.plan(FieldWish([wide, try Self.wanted("a"), wide], replaces: false), now: 1)
        #expect(plan.refused.map(\.name.text) == ["wide", "wide"])
        #expect(plan.registered.map(\.name.text) == ["a"])
        #expect(image.applying(plan.registration) == plan.future)
    }

    @Test func placesAreTakenOverOrRefused() throws {
        var image = RegistryImage(capacity: 64)
        let first = RegistryWord.headerSize
        let plan = try image.plan(FieldWish([try Self.wanted("tail", .u16, offset: 40)], replaces: false), now: 1)
        image = image.applying(plan.registration)
        #expect(image.fields.map(\.layout.offset) == [40])
        for offset in [41, 39, 0, first - 1, 62, 63, 64, -2, .max - 8] {
            let refused = refusal { () throws(PacketMetadataError) in
                try image.registering([WantedField(define("other", .u32), offset: offset)], now: 1)
            }
            guard case .placeTaken(_, offset, .u32, _)? = refused?.refusal as? FieldRefusal else {
                Issue.record("\(offset): \(String(describing: refused))")
                continue
            }
        }
        let moved = refusal { () throws(PacketMetadataError) in
            try image.registering([WantedField(define("tail", .u16, owner: "acme"), offset: 44)], now: 1)
        }
        guard case .otherPlace? = moved?.refusal as? FieldRefusal else {
            Issue.record("\(String(describing: moved))")
            return
        }
    }
}

/// Areas of another size: decided, without a kernel.
@Suite struct ResizingPlanTests {
    @Test func fieldsKeepTheirPlacesAndAreasGetAnotherSeal() throws {
        var image = RegistryImage(capacity: 32)
        for name in ["a", "b"] { image = image.applying(try image.registering(define(name, .u32), now: 1).steps) }
        let seal = Seal(number: 0x1234_5678_9abc_def0)
        let steps = try image.resizing(to: 128, seal: seal)
        #expect(steps.contains(.reseal(seal)))
        // Whoever is loaded for the new size has to know areas by the new seal.
        let (sealing, sizing) = (
            steps.firstIndex(of: .reseal(seal)), steps.firstIndex { if case .setWord = $0 { true } else { false } }
        )
        #expect(try #require(sealing) < #require(sizing))
        let after = image.applying(steps)
        #expect(after.word.capacity == 128 && after.fields == image.fields && after.recovery().isEmpty)
        #expect(try after.resizing(to: 128, seal: seal).isEmpty)
        #expect(try after.applying(after.resizing(to: 32, seal: seal)).fields == image.fields)
    }

    @Test func noFieldIsCutOff() throws {
        var image = RegistryImage(capacity: 64)
        for name in ["a", "b", "c"] { image = image.applying(try image.registering(define(name, .u64), now: 1).steps) }
        let refused = refusal { () throws(PacketMetadataError) in try image.resizing(to: 32, seal: .nobodys) }
        guard case .beyondCapacity(let names, 32)? = refused?.refusal as? FieldRefusal else {
            Issue.record("\(String(describing: refused))")
            return
        }
        #expect(names.map(\.text) == ["c"])
    }
}
