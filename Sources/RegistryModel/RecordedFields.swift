// SPDX-License-Identifier: BSD-2-Clause

package import SystemPackage

/// What a registry says of its fields, also one of an earlier ABI: entries have been the same in each.
public struct RecordedFields: Sendable {
    /// In the order in which they are best registered anew: what needs the widest alignment first, so there are no gaps.
    public let fields: [(id: FieldID, offset: Int, definition: FieldDefinition)]
    /// Slots whose fields cannot be told.
    public let damagedSlots: [Int]
    /// Bytes of a packet's area in that registry.
    let capacity: Int
    let abiVersion: Int

    /// - Throws: `badData` or `incompatibleABI` if this is the value of no registry that can be read.
    package init(ofMap bytes: [UInt8], path: FilePath) throws(PacketMetadataError) {
        precondition(bytes.count == RegistryImage.size)
        let word = RegistryWord(rawValue: RegistryImage.word(0, of: bytes))
        switch word.abiVersion {
        case 1:
            (abiVersion, capacity) = (1, Int(UInt8(truncatingIfNeeded: word.rawValue >> 8)))
        default:
            capacity = try RegistryImage.checkedWord(of: bytes, path: path).capacity
            abiVersion = RegistryWord.abiVersion
        }
        var fields: [(id: FieldID, offset: Int, definition: FieldDefinition)] = []
        var damagedSlots: [Int] = []
        for index in RegistryImage.fieldSlots {
            let slot = SlotImage(slot: index, of: bytes)
            if slot.layout.isLive, let definition = slot.definition {
                fields.append((slot.layout.id, slot.layout.offset, definition))
            } else if slot.layout.isLive || slot.layout.isDamaged {
                damagedSlots.append(index)
            }
        }
        self.damagedSlots = damagedSlots
        self.fields = fields.sorted {
            ($1.definition.type.alignment, $0.id.rawValue) < ($0.definition.type.alignment, $1.id.rawValue)
        }
    }

    /// The least capacity of a registry that holds them, and that is no less than theirs: an area of ABI 1 had 8 bytes more for
    /// values. nil if none has.
    public var sufficientCapacity: Int? {
        RegistryWord.capacities.first { $0 >= capacity && fit(in: $0) }
    }

    private func fit(in capacity: Int) -> Bool {
        var random = SystemRandomNumberGenerator()
        var image = RegistryImage.empty(capacity: capacity, createdAt: 0, using: &random)
        for field in fields {
            guard let plan = try? image.registering(field.definition, id: field.id, now: 0) else { return false }
            image = image.applying(plan.steps)
        }
        return true
    }
}
