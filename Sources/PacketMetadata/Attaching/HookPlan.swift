// SPDX-License-Identifier: BSD-2-Clause

internal import BPF

/// What is to be done to one hook: decided, and nothing loaded.
struct HookPlan: Sendable {
    enum Step: Sendable {
        /// The attachment of that index stays as it is.
        case leave(Int)
        /// Other programs take the place of those of the attachment of that index, of which some are gone then.
        case swap(Int, [Slot], gone: [Int])
        /// A new attachment.
        case attach(New)
        /// The attachment of that index goes, once all else is done, since it cannot be taken back. One that has moved to
        /// a new attachment is not reported.
        case remove(Int, hasMoved: Bool)
    }

    /// A program of an attachment that is to be.
    enum Slot: Sendable {
        /// The attachment's program of that index, with its maps; unchanged or moved.
        case kept(Int, AttachmentReport.Outcome)
        case new(ProgramSpec, AttachmentReport.Outcome)
    }

    struct New: Sendable {
        /// In the order in which they run.
        let specs: [ProgramSpec]
        let outcome: AttachmentReport.Outcome
        /// Among all programs of the hook; nil for the usual place.
        let position: TCXPosition?
        /// Whether it runs behind the attachment that was made just before, whose position was asked for.
        let followsLast: Bool
        /// The attachment that has the same program, whose maps the new one gets; nil for maps of its own.
        let origin: Int?

        init(
            _ specs: [ProgramSpec], _ outcome: AttachmentReport.Outcome = .attached, at position: TCXPosition? = nil,
            followsLast: Bool = false, origin: Int? = nil
        ) {
            self.specs = specs
            self.outcome = outcome
            self.position = position
            self.followsLast = followsLast
            self.origin = origin
        }
    }

    var steps: [Step] = []

    var attachesAnew: Bool { steps.contains { if case .attach = $0 { true } else { false } } }

    /// For a hook where one attachment holds all of a registry's programs, which hand packets on.
    ///
    /// - Parameters:
    ///   - existing: the attachment's programs; none if there is no attachment.
    ///   - arrangement: of the existing programs and `specs`.
    ///   - isSame: whether an existing program is one of `specs`, so that it stays.
    static func chain(
        _ existing: [AttachmentRecord], _ specs: [ProgramSpec], _ arrangement: Arrangement,
        _ isSame: (AttachmentRecord, ProgramSpec) -> Bool = { $0.isProgram(of: $1) }
    ) -> HookPlan {
        if existing.isEmpty { return HookPlan(steps: [.attach(New(specs))]) }
        let slots: [Slot] = arrangement.slots.map { slot in
            switch slot {
            case .kept(let index): .kept(index, .unchanged)
            case .wanted(let spec, .some(let old)) where isSame(existing[old], specs[spec]):
                .kept(old, arrangement.moves(old) ? .moved : .unchanged)
            case .wanted(let spec, let old): .new(specs[spec], old == nil ? .attached : .replaced)
            }
        }
        if slots.isEmpty { return HookPlan(steps: [.remove(0, hasMoved: false)]) }
        let isUnchanged = slots.allSatisfy { if case .kept = $0 { true } else { false } }
        return HookPlan(steps: [
            arrangement.keepsOrder && isUnchanged ? .leave(0) : .swap(0, slots, gone: arrangement.removed)
        ])
    }

    /// For a hook where each program has an attachment of its own, which the kernel runs one after the other.
    ///
    /// - Parameters:
    ///   - existing: the only program of each attachment.
    ///   - arrangement: of the existing programs and `specs`.
    ///   - position: where `specs` run among all programs of the hook; nil for where they are, or the usual place.
    ///   - isSame: likewise.
    static func separate(
        _ existing: [AttachmentRecord], _ specs: [ProgramSpec], _ arrangement: Arrangement, at position: TCXPosition?,
        _ isSame: (AttachmentRecord, ProgramSpec) -> Bool = { $0.isProgram(of: $1) }
    ) -> HookPlan {
        var plan = HookPlan()
        var followsLast = false
        for case .wanted(let index, let old) in arrangement.slots {
            let spec = specs[index]
            let isThere = old.map { isSame(existing[$0], spec) } ?? false
            if let old, position == nil {
                plan.steps.append(isThere ? .leave(old) : .swap(old, [.new(spec, .replaced)], gone: []))
                continue
            }
            // A link cannot move: the program gets a new one, and the old goes once that is attached.
            plan.steps.append(
                .attach(
                    New(
                        [spec], old == nil ? .attached : isThere ? .moved : .replaced, at: position,
                        followsLast: followsLast, origin: isThere ? old : nil)))
            if let old { plan.steps.append(.remove(old, hasMoved: true)) }
            followsLast = true
        }
        plan.steps += arrangement.removed.map { .remove($0, hasMoved: false) }
        return plan
    }

    /// For a hook that is to have some programs less.
    ///
    /// - Parameters:
    ///   - existing: the programs of each attachment.
    ///   - isDetached: of each of these programs.
    static func detaching(
        _ existing: [[AttachmentRecord]], where isDetached: (_ attachment: Int, _ program: Int) -> Bool
    ) -> HookPlan {
        var plan = HookPlan()
        for (index, programs) in existing.enumerated() {
            let gone = programs.indices.filter { isDetached(index, $0) }
            let left = programs.indices.filter { !gone.contains($0) }
            if left.isEmpty {
                plan.steps.append(.remove(index, hasMoved: false))
            } else if !gone.isEmpty {
                plan.steps.append(.swap(index, left.map { .kept($0, .unchanged) }, gone: gone))
            }
        }
        return plan
    }
}
