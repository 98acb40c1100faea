// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// A field that the NIC fills, where it can: its name, type, source, slot and id are the same in each registry.
public enum WellKnownField: Sendable, Hashable, CaseIterable {
    /// When the NIC received the packet: ns, by its clock.
    case rxTimestamp
    /// The hash that the NIC chose the queue by.
    case rxHash
    /// The TCI of the VLAN tag that the NIC took off.
    case rxVLAN

    public var name: String {
        switch self {
        case .rxTimestamp: "rx_timestamp"
        case .rxHash: "rx_hash"
        case .rxVLAN: "rx_vlan"
        }
    }

    public var type: FieldType {
        switch self {
        case .rxTimestamp: .u64
        case .rxHash: .u32
        case .rxVLAN: .u16
        }
    }

    public var source: FieldSource {
        switch self {
        case .rxTimestamp: .rxTimestamp
        case .rxHash: .rxHash
        case .rxVLAN: .rxVLAN
        }
    }

    public var id: FieldID {
        switch self {
        case .rxTimestamp: FieldID(rawValue: UInt32(PKTMETA_ID_RX_TIMESTAMP))
        case .rxHash: FieldID(rawValue: UInt32(PKTMETA_ID_RX_HASH))
        case .rxVLAN: FieldID(rawValue: UInt32(PKTMETA_ID_RX_VLAN))
        }
    }

    var slot: Int { Int(pktmeta_id_slot(id.rawValue)) }

    /// Ordinary fields have later epochs, so that no id is ever both.
    static let epoch: UInt16 = 0
}

extension FieldDefinition {
    /// The well-known field that this one is; nil for an ordinary field.
    public var wellKnown: WellKnownField? { WellKnownField.allCases.first { $0.name == name.text } }

    /// Why this name, type and source don't go together: those of a well-known field go with each other only.
    static func mismatch(_ name: FieldName, _ type: FieldType, _ source: FieldSource) -> FieldRefusal? {
        for field in WellKnownField.allCases {
            let fits = (field.name == name.text, field.type == type, field.source == source)
            if fits.0, !fits.1 || !fits.2 { return .nameIsWellKnown(field) }
            if fits.2, !fits.0 { return .sourceIsWellKnown(field) }
        }
        return nil
    }
}

extension RegistryImage {
    /// Fields that the producer asks the driver for.
    public var hardwareFields: [RegisteredField] { fields.filter { $0.definition.wellKnown != nil } }

    /// Slots in the order in which ordinary fields take them: those of the well-known fields last.
    static let ordinarySlots = fieldSlots.filter { slot in !wellKnownSlots.contains(slot) } + wellKnownSlots.reversed()

    private static let wellKnownSlots = WellKnownField.allCases.map(\.slot)

    /// Where a field goes, and its epoch there.
    ///
    /// - Throws: `taken` if there is no slot, or the field's own is another's.
    func place(of definition: FieldDefinition) throws(PacketMetadataError) -> (slot: Int, epoch: UInt16) {
        if let known = definition.wellKnown {
            guard !isOccupied(self[known.slot].layout) else { throw slotTaken(known) }
            return (known.slot, WellKnownField.epoch)
        }
        guard let slot = LayoutAllocator(image: self).freeSlot else { throw slotsTaken }
        return (slot, self[slot].lastEpoch + 1)
    }

    private func slotTaken(_ known: WellKnownField) -> PacketMetadataError {
        PacketMetadataError(FieldRefusal.slotTaken(known.slot, by: fields.first { $0.slot == known.slot }))
    }

    private var slotsTaken: PacketMetadataError {
        PacketMetadataError(FieldRefusal.slotsTaken(fields.count, of: Self.fieldSlots.count))
    }
}
