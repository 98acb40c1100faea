// SPDX-License-Identifier: BSD-2-Clause

/// Something in a registry that pktmeta did not write.
public struct RegistryProblem: Hashable, Sendable {
    public let slot: Int
    public let fault: Fault

    public enum Fault: Error, Hashable, Sendable {
        // Of the registry as a whole, at slot 0.

        /// There may be calls whose ids match a slot that is no field's.
        case matchingSlotZero

        // Of a slot's layout word.

        /// Neither live nor free.
        case damagedLayout
        case pastTheEnd(end: Int, valuesEnd: Int)
        /// Newer than the registry's own.
        case newGeneration(Generation, current: Generation)
        /// The word is that of another slot.
        case otherSlot(Int)
        /// The well-known field has another id.
        case notWellKnown(WellKnownField)
        /// The bytes are also those of another slot.
        case overlap(with: Int)
        /// The name is also that of another slot.
        case duplicateName(FieldName, slot: Int)

        // Of a slot's entry.

        /// Bytes, where both should be the same.
        case sizes(layout: Int, entry: Int)
        /// The name or the owner does not end.
        case unterminatedText
        case noType(code: UInt32, size: Int)
        case badSource, badSink
        /// There can be no such field.
        case badDefinition(FieldRefusal)
    }
}

extension RegistryImage {
    /// What makes no sense in this registry. Empty for any that only pktmeta wrote.
    public var problems: [RegistryProblem] {
        (headFaults + faults + overlaps + duplicateNames).sorted { $0.slot < $1.slot }
    }

    private var faults: [RegistryProblem] {
        Self.fieldSlots.compactMap { slot in
            (fault(of: self[slot]) ?? faultOfPlace(slot)).map { RegistryProblem(slot: slot, fault: $0) }
        }
    }

    private var headFaults: [RegistryProblem] {
        slotZero == .noField ? [] : [RegistryProblem(slot: 0, fault: .matchingSlotZero)]
    }

    private func fault(of slot: SlotImage) -> RegistryProblem.Fault? {
        if slot.layout.isDamaged { return .damagedLayout }
        guard slot.layout.isLive else { return nil }
        if let fault = slot.fault { return fault }
        let end = slot.layout.offset + slot.layout.size
        if end > valueRange.upperBound { return .pastTheEnd(end: end, valuesEnd: valueRange.upperBound) }
        if word.generation.next.isOlder(than: slot.layout.generation) {  // the next one is of a change under way
            return .newGeneration(slot.layout.generation, current: word.generation)
        }
        return nil
    }

    private func faultOfPlace(_ slot: Int) -> RegistryProblem.Fault? {
        if self[slot].layout.isLive, self[slot].layout.slot != slot {
            return .otherSlot(self[slot].layout.slot)
        }
        guard self[slot].layout.isLive, let known = self[slot].definition?.wellKnown,
            FieldID(slot: slot, epoch: self[slot].layout.epoch) != known.id
        else { return nil }
        return .notWellKnown(known)
    }

    private var overlaps: [RegistryProblem] {
        overlappingSlots().map { RegistryProblem(slot: $0.slot, fault: .overlap(with: $0.other)) }
    }

    private func overlappingSlots(without excluded: Set<Int> = []) -> [(slot: Int, other: Int)] {
        let byOffset = Self.fieldSlots
            .filter { !excluded.contains($0) && self[$0].layout.isLive && self[$0].layout.size > 0 }
            .sorted { self[$0].layout.offset < self[$1].layout.offset }
        var pairs: [(slot: Int, other: Int)] = []
        var furthest: (slot: Int, end: Int)?
        for slot in byOffset {
            let end = self[slot].layout.offset + self[slot].layout.size
            if let furthest, furthest.end > self[slot].layout.offset { pairs.append((slot, furthest.slot)) }
            if end > furthest?.end ?? 0 { furthest = (slot, end) }
        }
        return pairs
    }

    /// Slots whose fields cannot stay: also both of two sound ones that overlap, since nobody knows whose the bytes are.
    var damagedSlots: Set<Int> {
        let faulty = Set(faults.map(\.slot))
        let overlapping = overlappingSlots(without: faulty).flatMap { [$0.slot, $0.other] }
        return faulty.union(overlapping).union(duplicateNames.map(\.slot))
    }

    private var duplicateNames: [RegistryProblem] {
        let fields = fields
        let names = fields.map(\.name).sorted()
        if !zip(names, names.dropFirst()).contains(where: ==) { return [] }
        return Dictionary(grouping: fields.sorted { $0.slot < $1.slot }, by: \.name).values.flatMap { same in
            same.dropFirst().map {
                RegistryProblem(slot: $0.slot, fault: .duplicateName($0.name, slot: same[0].slot))
            }
        }
    }
}
