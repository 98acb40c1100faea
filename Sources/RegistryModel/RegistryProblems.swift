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
        let faults = Self.fieldSlots.compactMap { slot in
            fault(of: self[slot]).map { RegistryProblem(slot: slot, text: $0) }
        }
        return (faults + overlaps + duplicateNames).sorted { $0.slot < $1.slot }
    }

    private func fault(of slot: SlotImage) -> String? {
        if slot.layout.isDamaged { return "the layout word is neither live nor free" }
        guard slot.layout.isLive else { return nil }
        if let fault = slot.fault { return fault }
        let end = slot.layout.offset + slot.layout.size
        if slot.layout.offset < valueRange.lowerBound { return "offset \(slot.layout.offset) is in the area's header" }
        if end > word.capacity { return "it ends at byte \(end) of an area of \(word.capacity)" }
        if word.generation.isOlder(than: slot.layout.generation) {
            return "generation \(slot.layout.generation) is newer than the registry's, \(word.generation)"
        }
        return nil
    }

    private var overlaps: [RegistryProblem] {
        let byOffset = Self.fieldSlots.filter { self[$0].layout.isLive && self[$0].layout.size > 0 }
            .sorted { self[$0].layout.offset < self[$1].layout.offset }
        return zip(byOffset, byOffset.dropFirst()).compactMap { lower, upper in
            let end = self[lower].layout.offset + self[lower].layout.size
            guard end > self[upper].layout.offset else { return nil }
            return RegistryProblem(slot: upper, text: "its bytes overlap those of slot \(lower)")
        }
    }

    private var duplicateNames: [RegistryProblem] {
        Dictionary(grouping: fields.sorted { $0.slot < $1.slot }, by: \.name).values.flatMap { same in
            same.dropFirst().map {
                RegistryProblem(slot: $0.slot, text: "slot \(same[0].slot) has its name, \($0.name)")
            }
        }
    }
}
