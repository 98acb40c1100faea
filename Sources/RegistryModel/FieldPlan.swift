// SPDX-License-Identifier: BSD-2-Clause

/// What becomes of a registry's fields, if it is to have some: decided, and nothing done.
package struct FieldPlan: Sendable {
    /// Fields of that name that are not as wanted, and go first.
    package let replaced: [RegisteredField]
    /// Fields that nobody wants any more.
    package let pruned: [RegisteredField]
    /// Fields that others make room for, as they will lie.
    package let moved: [RegisteredField]
    /// Those wanted that are not there, as they will be.
    package let registered: [RegisteredField]
    /// What unregisters the first two.
    package let removal: [RegistryStep]
    /// What registers the last, on top of it.
    package let registration: [RegistryStep]

    package var isEmpty: Bool { removal.isEmpty && registration.isEmpty }
    package var removed: [RegisteredField] { replaced + pruned }
}

/// The fields that a registry is to have, and what may go for them.
package struct FieldWish: Sendable {
    /// In the order in which new ones get their places.
    package let wanted: [WantedField]
    /// Whether a field goes if it is not wanted.
    package let prunes: @Sendable (RegisteredField) -> Bool
    /// Whether fields that are not as wanted are unregistered, so that packets under way lose them, or refused.
    package let replaces: Bool

    package init(
        _ wanted: [WantedField], replaces: Bool, prunes: @escaping @Sendable (RegisteredField) -> Bool = { _ in false }
    ) {
        (self.wanted, self.prunes, self.replaces) = (wanted, prunes, replaces)
    }
}

extension RegistryImage {
    /// What becomes of the fields; holes between them are closed if a field fits in no other way.
    ///
    /// - Parameters:
    ///   - now: CLOCK_REALTIME, ns.
    ///   - counted: what is counted of a free slot so far.
    /// - Throws: as ``registering(_:now:counted:)-([WantedField],_,_)``.
    package func plan(
        _ wish: FieldWish, now: UInt64, counted: (Int) -> FieldCounters = { _ in .zero }
    ) throws(PacketMetadataError) -> FieldPlan {
        let wantedNames = Set(wish.wanted.map(\.definition.name))
        let replaced = wish.replaces ? wish.wanted.compactMap(otherField) : []
        let pruned = fields.filter { !wantedNames.contains($0.name) && wish.prunes($0) }
        let removal = unregistering(replaced + pruned)
        let left = applying(removal)
        let (registration, registered) = try left.fitting(wish.wanted, now: now, counted)
        let after = left.applying(registration)
        let before = Set(left.fields.map(\.id))
        return FieldPlan(
            replaced: replaced, pruned: pruned,
            moved: left.fields.compactMap { old in
                after.fields.first { $0.id == old.id && $0.layout.offset != old.layout.offset }
            },
            registered: registered.filter { !before.contains($0.id) }, removal: removal, registration: registration)
    }

    /// The field of that name, if it is not as wanted.
    private func otherField(_ wanted: WantedField) -> RegisteredField? {
        guard let field = field(named: wanted.definition.name) else { return nil }
        let isWanted =
            field.definition.isSameField(as: wanted.definition) && (wanted.id ?? field.id) == field.id
            && (wanted.offset ?? field.layout.offset) == field.layout.offset
        return isWanted ? nil : field
    }

    private func fitting(
        _ wanted: [WantedField], now: UInt64, _ counted: (Int) -> FieldCounters
    ) throws(PacketMetadataError) -> (steps: [RegistryStep], fields: [RegisteredField]) {
        do throws(PacketMetadataError) {
            return try registering(wanted, now: now, counted: counted)
        } catch {
            guard let refusal = error.refusal as? FieldRefusal, case .spaceScattered = refusal else { throw error }
            let compaction = compacting()
            if compaction.isEmpty { throw error }
            let (steps, fields) = try applying(compaction).registering(wanted, now: now, counted: counted)
            return (compaction + steps, fields)
        }
    }
}
