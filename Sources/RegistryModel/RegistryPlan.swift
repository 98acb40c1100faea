// SPDX-License-Identifier: BSD-2-Clause

/// One thing to do to a registry's maps. A change is a list of these, decided before anything is done.
///
/// A process killed after any step leaves a registry that ``RegistryImage/recovery()`` finishes.
package enum RegistryStep: Hashable, Sendable {
    /// Raise the revision: attached prebuilt programs that were loaded for an older one are to be loaded anew.
    case raiseRevision(UInt64)
    /// Write a slot's entry.
    case describe(slot: Int, entry: [UInt8])
    /// Say of which values attached programs are to take statistics.
    case setStatistics(Statistics)
    /// Write from what on states count, all at once.
    case rebase(StateBaselines)
    /// Store how often states of fields began anew, at once.
    case setResets(UInt64)
    /// Wait until each BPF program that was running has returned.
    case gracePeriod
    /// Store a slot's layout word, at once.
    case publish(slot: Int, LayoutWord)
    /// Store the registry word, at once.
    case setWord(RegistryWord)
    /// Have programs that are loaded from now on know areas by another seal.
    case reseal(Seal)
    /// Load attached programs anew that the registry as it is by now asks for, and swap them in.
    case renew
}

extension RegistryImage {
    /// What this registry looks like after a step: the reference for tests, and for planning the next step.
    package func applying(_ step: RegistryStep) -> RegistryImage {
        var image = self
        switch step {
        case .raiseRevision(let revision):
            image.revision = revision
        case .describe(let slot, let entry):
            image[slot] = SlotImage(layout: image[slot].layout, entry: entry)
        case .setStatistics(let statistics):
            image.statistics = statistics
        case .publish(0, let layout):
            image.slotZero = layout
        case .publish(let slot, let layout):
            image[slot] = SlotImage(layout: layout, entry: image[slot].entry)
        case .setWord(let word):
            image.word = word
        case .rebase(let baselines):
            image = image.rebased(baselines)
        case .setResets(let resets):
            image.beginnings.resets = resets
        // The seal is kept apart, for the owner alone.
        case .gracePeriod, .renew, .reseal:
            break
        }
        return image
    }

    package func applying(_ steps: [RegistryStep]) -> RegistryImage {
        steps.reduce(self) { $0.applying($1) }
    }
}

// MARK: - Changes

extension RegistryImage {
    /// The steps that register a field, and the field as it will be. No steps if it is registered just so, by whomever: its
    /// owner stays who registered it first.
    ///
    /// - Parameters:
    ///   - id: what the field is to have, as it had in another registry; nil: any.
    ///   - now: CLOCK_REALTIME, ns.
    ///   - counted: what is counted of a free slot so far.
    /// - Throws: as ``registering(_:now:counted:)-([WantedField],_,_)``.
    package func registering(
        _ definition: FieldDefinition, id: FieldID? = nil, now: UInt64,
        counted: (Int) -> FieldCounters = { _ in .zero }
    ) throws(PacketMetadataError) -> (steps: [RegistryStep], field: RegisteredField) {
        let (steps, fields) = try registering([WantedField(definition, id: id)], now: now, counted: counted)
        return (steps, fields[0])
    }

    /// The same for several fields, with one grace period for all.
    ///
    /// Fresh bytes need no new generation: a packet under way just does not have the field set. Bytes used before are
    /// free only once the generation has passed their tombstone, so older packets are refused.
    ///
    /// - Parameters:
    ///   - wanted: the fields, in the order in which they get their places.
    ///   - now: CLOCK_REALTIME, ns.
    ///   - counted: what is counted of a free slot so far. Nothing more is: whoever might have counted for the field that
    ///     was in it has returned before the slot was free.
    /// - Throws: `taken` if the name or the sink is another field's, there is no slot or no space, or the id or the place is or
    ///   was another field's; `usage` if no field can have it.
    package func registering(
        _ wanted: [WantedField], now: UInt64, counted: (Int) -> FieldCounters = { _ in .zero }
    ) throws(PacketMetadataError) -> (steps: [RegistryStep], fields: [RegisteredField]) {
        var image = self
        var (descriptions, publications): ([RegistryStep], [RegistryStep]) = ([], [])
        var fields: [RegisteredField] = []
        for wanted in wanted {
            if let existing = try image.registered(as: wanted) {
                fields.append(existing)
                continue
            }
            let (field, entry) = try image.newField(wanted, now: now, counted: counted)
            let steps: [RegistryStep] = [
                .describe(slot: field.slot, entry: entry), .publish(slot: field.slot, field.layout),
            ]
            descriptions.append(steps[0])
            publications.append(steps[1])
            image = image.applying(steps)
            fields.append(field)
        }
        if publications.isEmpty { return ([], fields) }
        return ([.raiseRevision(revision &+ 1)] + descriptions + [.gracePeriod] + publications + [.renew], fields)
    }

    /// - Returns: nil if there is no field of that name.
    /// - Throws: `taken` if there is one, and it is another.
    private func registered(as wanted: WantedField) throws(PacketMetadataError) -> RegisteredField? {
        guard let existing = field(named: wanted.definition.name) else { return nil }
        guard existing.definition.isSameField(as: wanted.definition) else {
            throw PacketMetadataError(FieldRefusal.nameTaken(asked: wanted.definition, by: existing))
        }
        if let id = wanted.id, existing.id != id {
            throw PacketMetadataError(FieldRefusal.otherID(existing, asked: id))
        }
        if let offset = wanted.offset, existing.layout.offset != offset {
            throw PacketMetadataError(FieldRefusal.otherPlace(existing, asked: offset))
        }
        return existing
    }

    private func newField(
        _ wanted: WantedField, now: UInt64, counted: (Int) -> FieldCounters
    ) throws(PacketMetadataError) -> (field: RegisteredField, entry: [UInt8]) {
        let definition = wanted.definition
        if let other = fields.first(where: { $0.definition.sink.overlaps(definition.sink) }) {
            throw PacketMetadataError(FieldRefusal.sinkTaken(asked: definition, by: other))
        }
        let (slot, epoch) =
            if let id = wanted.id { try place(of: definition, id) } else { try place(of: definition) }
        let layout = LayoutWord(
            FieldID(slot: slot, epoch: epoch), generation: word.generation, offset: try offset(of: wanted),
            size: definition.type.size)
        let baseline = counted(slot)
        let described = SlotImage(
            layout: layout, definition: definition, registeredAt: now, baseline: baseline,
            lastEpoch: max(epoch, self[slot].lastEpoch))
        return (
            RegisteredField(
                slot: slot, layout: layout, definition: definition, registeredAt: now, baseline: baseline,
                began: beginnings.ofSlots[slot]),
            described.entry
        )
    }

    private func offset(of wanted: WantedField) throws(PacketMetadataError) -> Int {
        let (allocator, type) = (LayoutAllocator(image: self), wanted.definition.type)
        guard let asked = wanted.offset else {
            guard let offset = allocator.offset(for: type) else {
                throw PacketMetadataError(spaceTaken(type, holes: allocator.holes))
            }
            return offset
        }
        guard allocator.has(asked, for: type) else {
            let holder = fields.first {
                $0.layout.offset < asked + type.size && asked < $0.layout.offset + $0.layout.size
            }
            throw PacketMetadataError(FieldRefusal.placeTaken(wanted.definition.name, offset: asked, type, by: holder))
        }
        return asked
    }

    /// The steps that unregister fields: their tombstones, then a generation whose packets do not have them, and only then
    /// are their bytes free. None if there are no fields.
    package func unregistering(_ fields: [RegisteredField]) -> [RegistryStep] {
        if fields.isEmpty { return [] }
        let next = word.generation.next
        let tombstones = fields.map { field in
            let layout = self[field.slot].layout
            precondition(layout.isLive && layout.epoch == field.layout.epoch, "the field is gone")
            return RegistryStep.publish(slot: field.slot, layout.gone(generation: next))
        }
        let steps = [.raiseRevision(revision &+ 1)] + tombstones
        return steps + applying(steps).bump()
    }

    /// The same for one.
    package func unregistering(_ field: RegisteredField) -> [RegistryStep] { unregistering([field]) }

    /// The steps that close holes by moving fields together; none if no larger hole would come of it.
    ///
    /// Each field that moves is published at its new place at once, from the next generation on: packets under way get
    /// -EFAULT for it, and keep its old bytes untouched. Fields that stay are readable all the time.
    package func compacting() -> [RegistryStep] {
        let steps = closingHoles()
        return applying(steps).largestHole > largestHole ? steps : []
    }

    /// Likewise, for areas of that size; none if not all fields would find a place in them, or all have.
    package func compacting(into capacity: Int) -> [RegistryStep] {
        if fields(beyond: capacity).isEmpty { return [] }
        let steps = closingHoles()
        return applying(steps).fields(beyond: capacity).isEmpty ? steps : []
    }

    private func closingHoles() -> [RegistryStep] {
        let compaction = Compaction(self)
        var image = self
        var steps: [RegistryStep] = []
        for _ in 0..<2 * Self.slotCount {
            let moves = compaction.round(image)
            if moves.isEmpty { break }
            let round = image.moving(moves)
            steps += round
            image = image.applying(round)
        }
        return steps
    }

    private var largestHole: Int { LayoutAllocator(image: self).holes.map(\.count).max() ?? 0 }

    private func moving(_ moves: [Compaction.Move]) -> [RegistryStep] {
        let next = word.generation.next
        let publications = moves.map { move in
            let layout = self[move.slot].layout
            return RegistryStep.publish(
                slot: move.slot,
                LayoutWord(
                    FieldID(slot: move.slot, epoch: layout.epoch), generation: next, offset: move.offset,
                    size: layout.size))
        }
        return publications + applying(publications).bump()
    }

    /// The steps that finish what a killed process began. None if nothing is left to do.
    package func recovery() -> [RegistryStep] {
        let next = word.generation.next
        let ahead = Self.fieldSlots.filter { slot in
            let layout = self[slot].layout
            return (layout.isLive || layout.isTombstone) && layout.generation == next
        }
        let beginning = finishingBeginning()
        guard !ahead.isEmpty || word.isPending else { return beginning }
        return beginning + bump()
    }

    /// The steps that unregister what makes no sense, with a new generation: packets under way may carry anything for
    /// it. None if there is no damage.
    package func repairing() -> [RegistryStep] {
        guard !problems.isEmpty else { return [] }
        let next = word.generation.next
        let tombstones = damagedSlots.sorted().map { slot in
            let epoch = max(self[slot].layout.epoch, self[slot].lastEpoch)
            let tombstone = LayoutWord(goneOf: epoch, generation: next, offset: 0, size: 0)
            return RegistryStep.publish(slot: slot, tombstone)
        }
        let steps: [RegistryStep] =
            [
                .raiseRevision(revision &+ 1), .publish(slot: 0, .noField),
                .setWord(word.settled()),
            ] + tombstones
        return steps + applying(steps).bump()
    }

    /// The grace period, the announcement, programs that know of it, the new generation; and entries that lag far behind brought closer, so
    /// that a field that lives long never looks newer than a packet.
    ///
    /// While fields are moving, prebuilt programs look each place up. So that they know the new ones by themselves they are
    /// loaded once more, for another revision, which is raised before the generation for the case of a killed process.
    private func bump() -> [RegistryStep] {
        let next = word.generation.next
        let restamps: [RegistryStep] = Self.fieldSlots.compactMap { slot in
            let layout = self[slot].layout
            guard layout.isLive || layout.isTombstone, !next.isOlder(than: layout.generation),
                layout.generation.lag(behind: next) > Self.lagLimit
            else { return nil }
            return .publish(slot: slot, layout.with(generation: next.advanced(by: -Int(Self.lagAfterRestamp))))
        }
        let isMoving = Self.fieldSlots.contains { slot in
            self[slot].layout.isLive && self[slot].layout.generation == next
        }
        return restamps + [.gracePeriod, .setWord(word.announced()), .renew]
            + (isMoving ? [.raiseRevision(revision &+ 1)] : []) + [.setWord(word.advanced()), .renew]
    }

    /// The steps that have attached programs take other statistics; none if they take just those.
    package func takingStatistics(_ statistics: Statistics) -> [RegistryStep] {
        if statistics == self.statistics { return [] }
        return [.raiseRevision(revision &+ 1), .setStatistics(statistics), .renew]
    }

    /// The steps that give packets areas of another size; none if they have it.
    ///
    /// Areas of one size must not be taken for areas of another: what is a value in the one may be the stamp in the other. So
    /// areas of the new size have a new seal, and packets under way have no field for programs that are loaded for it, nor have
    /// new packets for those that are not yet.
    ///
    /// - Parameter seal: a new one.
    /// - Throws: `taken` if fields lie beyond.
    package func resizing(to capacity: Int, seal: Seal) throws(PacketMetadataError) -> [RegistryStep] {
        if capacity == word.capacity { return [] }
        let beyond = fields(beyond: capacity)
        if !beyond.isEmpty { throw PacketMetadataError(FieldRefusal.beyondCapacity(beyond, capacity: capacity)) }
        return [.raiseRevision(revision &+ 1), .reseal(seal), .setWord(word.resized(to: capacity)), .renew]
    }

    /// Fields that have no place in areas of that size.
    package func fields(beyond capacity: Int) -> [FieldName] {
        let end = RegistryWord(capacity: capacity, identity: 0, generation: 0).valueRange.upperBound
        return fields.filter { $0.layout.offset + $0.layout.size > end }.map(\.name)
    }

    /// Half of what serial numbers can tell apart.
    static let lagLimit: UInt16 = 1 << 14
    /// Packets live for far fewer generations than this, each of which takes a grace period.
    static let lagAfterRestamp: UInt16 = 1 << 13
}

// MARK: - Refusals

extension RegistryImage {
    private func spaceTaken(_ type: FieldType, holes: [Range<Int>]) -> FieldRefusal {
        let space = valueRange.count
        if type.size > space {
            let enough = RegistryWord.capacities.first { RegistryWord.space(of: $0) >= type.size }
            return .tooLarge(type, capacity: word.capacity, space: space, enough: enough)
        }
        let free = holes.map(\.count).reduce(0, +)
        return free < type.size ? .spaceTaken(type, free: free, of: space) : .spaceScattered(type, holes: holes)
    }
}
