// SPDX-License-Identifier: BSD-2-Clause

/// Something in a registry that pktmeta did not write.
public struct RegistryProblem: Hashable, Sendable, CustomStringConvertible {
    public let slot: Int
    public let text: String

    public var description: String { "slot \(slot): \(text)" }
}

extension RegistryImage {
    /// What makes no sense in this registry. Empty for any that only pktmeta wrote.
    public var problems: [RegistryProblem] {
        (headFaults + faults + overlaps + duplicateNames).sorted { $0.slot < $1.slot }
    }

    private var faults: [RegistryProblem] {
        Self.fieldSlots.compactMap { slot in
            (fault(of: self[slot]) ?? faultOfPlace(slot)).map { RegistryProblem(slot: slot, text: $0) }
        }
    }

    private var headFaults: [RegistryProblem] {
        slotZero == .noField ? [] : [RegistryProblem(slot: 0, text: "its layout word is one that ids may match")]
    }

    private func fault(of slot: SlotImage) -> String? {
        if slot.layout.isDamaged { return "the layout word is neither live nor free" }
        guard slot.layout.isLive else { return nil }
        if let fault = slot.fault { return fault }
        let end = slot.layout.offset + slot.layout.size
        if end > word.capacity { return "it ends at byte \(end) of an area of \(word.capacity)" }
        if word.generation.next.isOlder(than: slot.layout.generation) {  // the next one is of a change under way
            return "generation \(slot.layout.generation) is newer than the registry's, \(word.generation)"
        }
        return nil
    }

    private func faultOfPlace(_ slot: Int) -> String? {
        if self[slot].layout.isLive, self[slot].layout.slot != slot {
            return "the layout word is that of slot \(self[slot].layout.slot)"
        }
        guard self[slot].layout.isLive, let known = self[slot].definition?.wellKnown,
            FieldID(slot: slot, epoch: self[slot].layout.epoch) != known.id
        else { return nil }
        return "the field \(known.name) has the id \(known.id) only"
    }

    private var overlaps: [RegistryProblem] {
        overlappingSlots().map {
            RegistryProblem(slot: $0.slot, text: "its bytes overlap those of slot \($0.other)")
        }
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
                RegistryProblem(slot: $0.slot, text: "slot \(same[0].slot) has its name, \($0.name)")
            }
        }
    }
}
