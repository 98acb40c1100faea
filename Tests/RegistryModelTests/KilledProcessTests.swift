// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

/// A process killed after any number of a change's steps, and killed again while it recovers.
@Suite("Killed processes")
struct KilledProcessTests {
    enum Change: Sendable {
        case register(FieldType)
        case unregister(String)
    }

    struct Scene: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let image: @Sendable () throws -> RegistryImage
        let change: Change
    }

    static let scenes = [UInt16(0), 500, 65_534, 65_535].flatMap { generation in
        [
            Scene(
                testDescription: "register in a new registry, generation \(generation)",
                image: { RegistryImage(generation: generation) }, change: .register(.u32)),
            Scene(
                testDescription: "register where another field was, generation \(generation)",
                image: { try reused(generation) }, change: .register(.u64)),
            Scene(
                testDescription: "unregister the only field, generation \(generation)",
                image: {
                    var image = RegistryImage(generation: generation)
                    try image.register("only", .ipv6)
                    return image
                }, change: .unregister("only")),
            Scene(
                testDescription: "unregister one of several, generation \(generation)",
                image: { try reused(generation) }, change: .unregister("b")),
            Scene(
                testDescription: "unregister a flag, generation \(generation)",
                image: { try reused(generation) }, change: .unregister("mark")),
            Scene(
                testDescription: "unregister with fields to restamp, generation \(generation)",
                image: { try lagging(generation) }, change: .unregister("b")),
        ]
    }

    /// Fields a, b, c and a flag, and the tombstone of a u64 that the generation has just passed.
    static func reused(_ generation: UInt16) throws -> RegistryImage {
        var image = RegistryImage(generation: generation &- 1)
        try image.register("a", .u32)
        let gone = try image.register("gone", .u64)
        try image.register("b", .u64)
        try image.register("c", .mac)
        try image.register("mark", .flag)
        image.unregister(gone)
        return image
    }

    /// The same, with each layout word as old as one may get.
    static func lagging(_ generation: UInt16) throws -> RegistryImage {
        var image = try reused(generation)
        for slot in RegistryImage.fieldSlots where image[slot].layout.rawValue != 0 {
            let old = image.word.generation.advanced(by: -Int(RegistryImage.lagLimit))
            image[slot].layout = image[slot].layout.with(generation: old)
        }
        return image
    }

    @Test(arguments: scenes)
    func theNextProcessFinishesIt(_ scene: Scene) throws {
        let base = try scene.image()
        try #require(base.problems.isEmpty && base.recovery().isEmpty)
        let steps = try plan(scene.change, for: base)
        for count in 0...steps.count {
            let killed = base.applying(Array(steps.prefix(count)))
            #expect(killed.problems.isEmpty)
            expectNothingForbiddenIsHandedOut(killed)

            let recovery = killed.recovery()
            let recovered = killed.applying(recovery)
            try expectSound(recovered)
            switch scene.change {
            case .register:
                #expect(recovery.isEmpty, "a registration leaves nothing to finish")
                #expect(recovered.fields.count == base.fields.count + (count >= 4 ? 1 : 0))
            case .unregister(let name):
                let isGone = count >= 2
                let kept = base.fields.filter { !isGone || $0.name.text != name }
                #expect(recovered.fields.map(\.id) == kept.map(\.id))
                #expect(recovered.word.generation == (isGone ? base.word.generation.next : base.word.generation))
                #expect(recovery.isEmpty == (!isGone || killed.word.generation != base.word.generation))
            }
            for again in 0...recovery.count {
                let twice = killed.applying(Array(recovery.prefix(again)))
                expectNothingForbiddenIsHandedOut(twice)
                #expect(twice.applying(twice.recovery()) == recovered, "killed after \(count), then after \(again)")
            }
        }
    }

    @Test func restampingHappensInTheSceneForIt() throws {
        let base = try Self.lagging(500)
        let restamped = try plan(.unregister("b"), for: base).filter {
            if case .publish = $0 { true } else { false }
        }
        #expect(restamped.count == 5, "b's tombstone, three fields and a tombstone that lag")
    }

    /// Changes come one at a time, so only the next generation can stand open, whether announced or not.
    @Test func recoveryGoesToTheNextGenerationOnly() {
        var image = RegistryImage(generation: 65_535, layouts: [tombstone(24..<32, generation: 0)])
        #expect(image.applying(image.recovery()).word.generation.number == 0)
        image = RegistryImage(generation: 65_535)
        image.word = image.word.announced()
        #expect(image.applying(image.recovery()).word.generation.number == 0)
        image = RegistryImage(generation: 65_535, layouts: [live(24..<32, generation: 0)])
        #expect(image.applying(image.recovery()).word.generation.number == 0, "a move that was cut short")
    }

    private func plan(_ change: Change, for image: RegistryImage) throws -> [RegistryStep] {
        switch change {
        case .register(let type):
            return try image.registering(define("fresh", type), now: 9).steps
        case .unregister(let name):
            return try image.unregistering(#require(image.field(named: FieldName(name))))
        }
    }

    private func expectSound(_ image: RegistryImage) throws {
        #expect(image.problems.isEmpty)
        #expect(image.recovery().isEmpty)
        #expect(image.forbiddenBytes.isEmpty)
        #expect(image.word.pending == image.word.generation)
        #expect(try image.reread().fields == image.fields)
        var later = image
        let field = try later.register("later", .u64)
        #expect(later.field(named: field.name) == field)
        #expect(later.problems.isEmpty)
        #expect(later.fields.filter { $0.name != field.name } == image.fields)
        later.unregister(field)
        #expect(later.fields.map(\.id) == image.fields.map(\.id))
        #expect(later.recovery().isEmpty)
    }

    /// Even a process that does not recover first must not take bytes or slots that packets under way may hold.
    private func expectNothingForbiddenIsHandedOut(_ image: RegistryImage) {
        let forbidden = image.forbiddenBytes
        let slots = Set(
            RegistryImage.fieldSlots.filter {
                image[$0].layout.isTombstone && image.word.generation.isOlder(than: image[$0].layout.generation)
            })
        var filled = image
        for number in 0..<31 {
            guard let field = try? filled.register("fill\(number)", .u16) else { break }
            let bytes = field.layout.offset..<field.layout.offset + field.layout.size
            #expect(forbidden.isDisjoint(with: bytes))
            #expect(!slots.contains(field.slot))
        }
        #expect(filled.problems.isEmpty)
    }
}
