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
    /// Those wanted that cannot be had.
    package let refused: [RefusedField]
    /// What unregisters the first two.
    package let removal: [RegistryStep]
    /// What registers the last, once areas have the size that is wanted.
    package let registration: [RegistryStep]
    /// The registry once all is done.
    package let future: RegistryImage

    package var removed: [RegisteredField] { replaced + pruned }
}

/// A field that cannot be had, and why.
package struct RefusedField: Sendable {
    package let name: FieldName
    package let error: PacketMetadataError
}

/// The fields that a registry is to have, and what may go for them.
package struct FieldWish: Sendable {
    /// In the order in which new ones get their places.
    package let wanted: [WantedField]
    /// Bytes of an area; nil: as it is.
    package let capacity: Int?
    /// Whether a field goes if it is not wanted.
    package let prunes: @Sendable (RegisteredField) -> Bool
    /// Whether fields that are not as wanted are unregistered, so that packets under way lose them, or refused.
    package let replaces: Bool

    package init(
        _ wanted: [WantedField], capacity: Int? = nil, replaces: Bool,
        prunes: @escaping @Sendable (RegisteredField) -> Bool = { _ in false }
    ) {
        (self.wanted, self.capacity, self.prunes, self.replaces) = (wanted, capacity, prunes, replaces)
    }

    /// The same in areas as they are.
    package var withoutCapacity: FieldWish { FieldWish(wanted, replaces: replaces, prunes: prunes) }
}

extension RegistryImage {
    /// What becomes of the fields; holes between them are closed if a field fits in no other way. What goes goes before areas get
    /// another size, and what comes comes after.
    ///
    /// - Parameters:
    ///   - now: CLOCK_REALTIME, ns.
    ///   - counted: what is counted of a free slot so far.
    /// - Throws: `usage` for a capacity that no area has; `taken` if fields that stay find no place in it.
    package func plan(
        _ wish: FieldWish, now: UInt64, counted: (Int) -> FieldCounters = { _ in .zero }
    ) throws(PacketMetadataError) -> FieldPlan {
        let wantedNames = Set(wish.wanted.map(\.definition.name))
        let replaced = wish.replaces ? wish.wanted.compactMap(otherField) : []
        let pruned = fields.filter { !wantedNames.contains($0.name) && wish.prunes($0) }
        let removal = unregistering(replaced + pruned)
        let left = applying(removal)
        let sized = if let capacity = wish.capacity { try left.resized(to: capacity) } else { left }
        let (registration, registered, refused) = sized.fittingEach(wish.wanted, now: now, counted)
        let after = sized.applying(registration)
        let before = Set(left.fields.map(\.id))
        return FieldPlan(
            replaced: replaced, pruned: pruned,
            moved: left.fields.compactMap { old in
                after.fields.first { $0.id == old.id && $0.layout.offset != old.layout.offset }
            },
            registered: registered.filter { !before.contains($0.id) }, refused: refused, removal: removal,
            registration: registration, future: after)
    }

    /// The registry with areas of that size, and holes closed if fields lie beyond.
    private func resized(to capacity: Int) throws(PacketMetadataError) -> RegistryImage {
        let compact = applying(compacting(into: capacity))
        return compact.applying(try compact.resizing(to: capacity, seal: .nobodys))
    }

    /// The field of that name, if it is not as wanted.
    private func otherField(_ wanted: WantedField) -> RegisteredField? {
        guard let field = field(named: wanted.definition.name) else { return nil }
        let isWanted =
            field.definition.isSameField(as: wanted.definition) && (wanted.id ?? field.id) == field.id
            && (wanted.offset ?? field.layout.offset) == field.layout.offset
        return isWanted ? nil : field
    }

    /// Those that cannot be had keep no other from its place.
    private func fittingEach(
        _ wanted: [WantedField], now: UInt64, _ counted: (Int) -> FieldCounters
    ) -> (steps: [RegistryStep], fields: [RegisteredField], refused: [RefusedField]) {
        // Together, with one grace period, as nearly always.
        if let (steps, fields) = try? fitting(wanted, now: now, counted) { return (steps, fields, []) }
        var image = self
        var (steps, fields, refused): ([RegistryStep], [RegisteredField], [RefusedField]) = ([], [], [])
        for field in wanted {
            do throws(PacketMetadataError) {
                let (more, found) = try image.fitting([field], now: now, counted)
                image = image.applying(more)
                steps += more
                fields += found
            } catch {
                let name = field.definition.name
                refused.append(RefusedField(name: name, error: error.keeping(from: .registerField(name))))
            }
        }
        return (steps, fields, refused)
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
