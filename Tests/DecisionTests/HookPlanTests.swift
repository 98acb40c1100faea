// SPDX-License-Identifier: BSD-2-Clause

import BPF
import RegistryModel
import Testing

@testable import PacketMetadata

/// What is to be done to a hook: decided without a kernel, from what is attached and what is wanted.
@Suite struct HookPlanTests {
    private static let image: RegistryImage = {
        var random = SystemRandomNumberGenerator()
        return RegistryImage.empty(capacity: 64, createdAt: 0, using: &random)
    }()

    private static func spec(_ object: ObjectFile, _ hook: Hook) throws -> ProgramSpec {
        try ProgramSpec(object, nil, for: hook, image, isStrict: true)
    }

    private static func producer() throws -> ProgramSpec { try spec(ObjectFile(.plain), .xdp) }
    private static func consumer() throws -> ProgramSpec {
        try spec(ObjectFile(prebuiltFor: .tcIngress, image), .tcIngress)
    }
    private static func scrub() throws -> ProgramSpec { try spec(.scrub, .tcIngress) }

    private static func record(_ spec: ProgramSpec, revision: UInt64? = nil) -> AttachmentRecord {
        AttachmentRecord(
            hook: spec.hook, mode: spec.hook.modes[0], site: .interface("eth0", netnsCookie: 1, ifindex: 2),
            attachedAt: 0, revision: revision ?? spec.image.revision, binding: spec.program.binding,
            program: spec.name, object: spec.object, hasEthernetHeader: true, isUnasked: false, ways: [], owner: "",
            sealDigest: 0)
    }

    /// In short: `leave 0`, `swap 0: kept 1, new producer replaced; gone 2`, `attach producer`, `remove 1 moved`.
    private static func words(_ plan: HookPlan) -> [String] {
        plan.steps.map { step in
            switch step {
            case .leave(let index): "leave \(index)"
            case .remove(let index, let hasMoved): "remove \(index)" + (hasMoved ? " moved" : "")
            case .attach(let new):
                "attach \(new.specs.map(\.name).joined(separator: ", ")) \(new.outcome)"
                    + (new.position == nil ? "" : " in place") + (new.followsLast ? " behind the last" : "")
            case .swap(let index, let slots, let gone):
                "swap \(index): "
                    + slots.map { slot in
                        switch slot {
                        case .kept(let index, .unchanged): "kept \(index)"
                        case .kept(let index, let outcome): "kept \(index) \(outcome)"
                        case .new(let spec, let outcome): "new \(spec.name) \(outcome)"
                        }
                    }.joined(separator: ", ") + (gone.isEmpty ? "" : "; gone \(gone)")
            }
        }
    }

    private static func replacing(_ existing: [AttachmentRecord], _ specs: [ProgramSpec]) -> Arrangement {
        Arrangement(existing: existing.map(\.identity), replacedBy: specs.map(\.identity))
    }

    private static func joining(
        _ existing: [AttachmentRecord], _ specs: [ProgramSpec], at placement: Placement? = nil
    ) throws -> Arrangement {
        try Arrangement(existing: existing.map(\.identity), joinedBy: specs.map(\.identity), at: placement)
    }

    // MARK: A chain

    @Test func aFreeHookGetsOneAttachment() throws {
        let specs = [try Self.producer()]
        #expect(Self.words(.chain([], specs, Self.replacing([], specs))) == ["attach producer attached"])
    }

    @Test func whatIsThereAlreadyIsLeft() throws {
        let specs = [try Self.producer()]
        let there = specs.map { Self.record($0) }
        #expect(Self.words(.chain(there, specs, Self.replacing(there, specs))) == ["leave 0"])
    }

    /// The prebuilt programs have a table of the registry's fields.
    @Test func aTableOfAnotherRevisionIsLoadedAnew() throws {
        let specs = [try Self.producer()]
        let there = specs.map { Self.record($0, revision: 77) }
        #expect(Self.words(.chain(there, specs, Self.replacing(there, specs))) == ["swap 0: new producer replaced"])
    }

    @Test func aChainChangesAsAWhole() throws {
        let (producer, other) = (try Self.producer(), try Self.consumer())
        let there = [Self.record(other)]
        let joined = try Self.joining(there, [producer])
        #expect(Self.words(.chain(there, [producer], joined)) == ["swap 0: kept 0, new producer attached"])
        let first = try Self.joining(there, [producer], at: .first)
        #expect(Self.words(.chain(there, [producer], first)) == ["swap 0: new producer attached, kept 0"])
        let two = [Self.record(producer), Self.record(other)]
        #expect(
            Self.words(.chain(two, [producer], Self.replacing(two, [producer]))) == ["swap 0: kept 0; gone [1]"])
        let turned = try Self.joining(two, [producer], at: .last)
        #expect(Self.words(.chain(two, [producer], turned)) == ["swap 0: kept 1, kept 0 moved"])
    }

    // MARK: Attachments of their own

    @Test func eachProgramHasAnAttachment() throws {
        let specs = [try Self.consumer(), try Self.scrub()]
        let there = [Self.record(specs[0])]
        let arrangement = Self.replacing(there, specs)
        #expect(Self.words(.separate(there, specs, arrangement, at: nil)) == ["leave 0", "attach scrub attached"])
        let fewer = Self.replacing([there[0], Self.record(specs[1])], [specs[1]])
        #expect(
            Self.words(.separate([there[0], Self.record(specs[1])], [specs[1]], fewer, at: nil))
                == ["leave 1", "remove 0"])
    }

    /// A link cannot move: a new one takes its place, and the old one goes once that is attached.
    @Test func aMovedProgramGetsANewAttachment() throws {
        let specs = [try Self.consumer(), try Self.scrub()]
        let there = specs.map { Self.record($0) }
        #expect(
            Self.words(.separate(there, specs, Self.replacing(there, specs), at: .first)) == [
                "attach consumer moved in place", "remove 0 moved",
                "attach scrub moved in place behind the last", "remove 1 moved",
            ])
    }

    // MARK: Detaching

    @Test func whatIsLeftOfAChainIsSwappedIn() throws {
        let records = [Self.record(try Self.producer()), Self.record(try Self.consumer())]
        let one = HookPlan.detaching([records, [records[1]]]) { attachment, program in attachment == 0 && program == 0 }
        #expect(Self.words(one) == ["swap 0: kept 1; gone [0]"])
        let all = HookPlan.detaching([records, [records[1]]]) { _, _ in true }
        #expect(Self.words(all) == ["remove 0", "remove 1"])
        #expect(Self.words(HookPlan.detaching([records]) { _, _ in false }).isEmpty)
    }
}
