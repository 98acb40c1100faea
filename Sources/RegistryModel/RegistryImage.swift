// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// A registry as it lies in its map at one moment: what is true, without any I/O.
public struct RegistryImage: Hashable, Sendable {
    public internal(set) var word: RegistryWord
    /// +1 with each change that prebuilt programs must learn of.
    public internal(set) var revision: UInt64
    /// CLOCK_REALTIME, ns.
    public let createdAt: UInt64
    /// What attached programs take statistics of.
    public internal(set) var statistics: Statistics
    /// Slots 1 to 31, at index slot - 1.
    var slots: [SlotImage]
    /// The layout word of slot 0, which is no field's.
    var slotZero = LayoutWord.noField
    var beginnings = Beginnings()

    package static let slotCount = Int(PKTMETA_SLOTS)
    package static let fieldSlots = 1..<slotCount

    init(
        word: RegistryWord, revision: UInt64, createdAt: UInt64, statistics: Statistics = .sampled, slots: [SlotImage]
    ) {
        precondition(slots.count == Self.fieldSlots.count)
        self.word = word
        self.revision = revision
        self.createdAt = createdAt
        self.statistics = statistics
        self.slots = slots
    }

    /// A new registry without fields.
    ///
    /// Identity, generation and epochs start at random, so that what is left of an earlier registry (ids that applications
    /// still hold, programs that were loaded for it) is not taken for this one's.
    package static func empty(
        capacity: Int, statistics: Statistics = .sampled, createdAt: UInt64,
        using random: inout some RandomNumberGenerator
    ) -> RegistryImage {
        let word = RegistryWord(
            capacity: capacity, identity: .random(in: 0..<1 << 15, using: &random),
            generation: UInt32(UInt16.random(in: .min ... .max, using: &random)))
        let slots = fieldSlots.map { _ in
            SlotImage(lastEpoch: .random(in: 0..<firstEpochs, using: &random))
        }
        return RegistryImage(word: word, revision: 1, createdAt: createdAt, statistics: statistics, slots: slots)
    }

    /// First epochs are drawn below this: few ids repeat, and a slot still lasts for 49,000 registrations.
    private static let firstEpochs: UInt16 = 1 << 14

    subscript(slot: Int) -> SlotImage {
        get { slots[slot - 1] }
        set { slots[slot - 1] = newValue }
    }

    /// Live fields whose entries are sound, by offset and then slot.
    public var fields: [RegisteredField] {
        Self.fieldSlots.compactMap(field).sorted { ($0.layout.offset, $0.slot) < ($1.layout.offset, $1.slot) }
    }

    public func field(named name: FieldName) -> RegisteredField? {
        fields.first { $0.name == name }
    }

    private func field(_ slot: Int) -> RegisteredField? {
        let image = self[slot]
        guard image.layout.isLive, let definition = image.definition,
            image.layout.offset + image.layout.size <= valueRange.upperBound
        else { return nil }
        return RegisteredField(
            slot: slot, layout: image.layout, definition: definition, registeredAt: image.registeredAt,
            baseline: image.baseline, began: beginnings.ofSlots[slot])
    }

    /// Bytes that live fields take.
    public var usedBytes: Int { fields.map(\.layout.size).reduce(0, +) }

    /// Bytes of the area that values may take.
    var valueRange: Range<Int> { word.valueRange }

    /// Whether the bytes and the bit of this slot may still be in use by packets under way.
    func isOccupied(_ layout: LayoutWord) -> Bool {
        layout.isLive || layout.isDamaged || (layout.isTombstone && word.generation.isOlder(than: layout.generation))
    }
}

/// One slot: its word, what is in its entry, and what of it makes no sense.
struct SlotImage: Hashable, Sendable {
    var layout = LayoutWord(rawValue: 0)
    /// nil if there never was a field, or the entry makes no sense.
    var definition: FieldDefinition?
    var registeredAt: UInt64 = 0
    /// What had been counted of the slot when the field was registered, or its state began anew.
    var baseline = FieldCounters.zero
    /// The newest epoch that an application's field had here.
    var lastEpoch: UInt16 = 0
    /// Why the entry makes no sense; nil if it does.
    var fault: RegistryProblem.Fault?
}
