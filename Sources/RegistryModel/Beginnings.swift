// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// From when on a registry's states are counted, but for what entries have.
struct Beginnings: Hashable, Sendable {
    /// How often states of fields began anew.
    var resets: UInt64 = 0
    /// With which of these a slot's last did; of slot 0, none.
    var ofSlots = [UInt32](repeating: 0, count: RegistryImage.slotCount)
    /// What had been counted of areas when that began anew.
    var areaBaseline = AreaCounters.zero
}

extension Beginnings {
    private static let offset = memberOffset(\pktmeta_registry.resets)
    private static let resetsSize = MemoryLayout<UInt64>.size
    private static let beganSize = MemoryLayout<UInt32>.size
    private static let areaOffset = offset + resetsSize + RegistryImage.slotCount * beganSize
    private static let range = offset..<areaOffset + AreaCounters.count * MemoryLayout<UInt64>.size

    /// Which 64-bit word of the registry map's value the number of resets is.
    static var resetsWord: Int { offset / MemoryLayout<UInt64>.size }

    /// Of a registry map's value.
    init(ofMap bytes: [UInt8]) {
        resets = RegistryImage.word(Self.resetsWord, of: bytes)
        ofSlots = (0..<RegistryImage.slotCount).map { slot in
            let start = Self.offset + Self.resetsSize + slot * Self.beganSize
            return decode(Array(bytes[start..<start + Self.beganSize]), as: UInt32.self)
        }
        let first = Self.areaOffset / MemoryLayout<UInt64>.size
        areaBaseline = AreaCounters((0..<AreaCounters.count).map { RegistryImage.word(first + $0, of: bytes) })
    }

    /// As they lie behind what comes before them in the registry map's value.
    var bytes: [UInt8] { encode(resets) + ofSlots.flatMap { encode($0) } + areaBaseline.bytes }

    /// Those of these baselines begin with the next reset.
    fileprivate mutating func take(_ baselines: StateBaselines) {
        for slot in baselines.fields.keys { ofSlots[slot] = UInt32(truncatingIfNeeded: resets &+ 1) }
        if let areas = baselines.areas { areaBaseline = areas }
    }

    fileprivate func store(in bytes: inout [UInt8]) { bytes.replaceSubrange(Self.range, with: self.bytes) }
}

/// What counts as nothing from now on.
package struct StateBaselines: Hashable, Sendable {
    /// By slot.
    let fields: [Int: FieldCounters]
    /// nil: as it is.
    let areas: AreaCounters?
}

// MARK: - Beginning anew

extension RegistryImage {
    /// The steps that have states begin anew; none if there are none to.
    ///
    /// Nothing is set to zero, since programs count meanwhile. Counters go on from another baseline, written by one call
    /// of the kernel, which a killed process does or does not. Last values and statistics are forgotten by each CPU's
    /// consumer, as it finds that the number of resets has risen, and are not shown where it has not yet. That number is
    /// stored behind what it is about; a process killed in between leaves a slot that is ahead of it.
    ///
    /// - Parameters:
    ///   - fields: some of this registry's.
    ///   - areas: whether the counts of areas do, too.
    ///   - state: what has been counted so far.
    package func beginningAnew(
        _ fields: [RegisteredField], areas: Bool, _ state: StateImage
    ) -> [RegistryStep] {
        if fields.isEmpty, !areas { return [] }
        var counters: [Int: FieldCounters] = [:]
        for field in fields { counters[field.slot] = state.counters(ofSlot: field.slot) }
        let baselines = StateBaselines(fields: counters, areas: areas ? state.areaCounters : nil)
        return [.rebase(baselines)] + (fields.isEmpty ? [] : [.setResets(beginnings.resets &+ 1)])
    }

    /// The steps that finish it.
    func finishingBeginning() -> [RegistryStep] {
        let next = beginnings.resets &+ 1
        return beginnings.ofSlots.contains(UInt32(truncatingIfNeeded: next)) ? [.setResets(next)] : []
    }

    /// Whether some state has begun anew since this registry was as in an earlier image.
    package func hasBegunAnew(since earlier: RegistryImage) -> Bool { beginnings != earlier.beginnings }

    func rebased(_ baselines: StateBaselines) -> RegistryImage {
        var image = self
        for (slot, counters) in baselines.fields { image[slot].baseline = counters }
        image.beginnings.take(baselines)
        return image
    }

    package static var resetsWord: Int { Beginnings.resetsWord }
}

extension StateBaselines {
    /// Puts them into a registry map's value.
    package func store(in bytes: inout [UInt8]) {
        var beginnings = Beginnings(ofMap: bytes)
        for (slot, counters) in fields {
            let start = RegistryImage.entryOffset(slot) + Self.baselineOffset
            bytes.replaceSubrange(start..<start + counters.bytes.count, with: counters.bytes)
        }
        beginnings.take(self)
        beginnings.store(in: &bytes)
    }

    /// In an entry.
    private static let baselineOffset = memberOffset(\pktmeta_entry.baseline)
}
