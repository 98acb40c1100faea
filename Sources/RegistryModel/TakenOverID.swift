// SPDX-License-Identifier: BSD-2-Clause

// Ids that fields had in another registry, and that they are to have here too: for services that are configured with them.

extension RegistryImage {
    /// Where a field goes that is to have an id.
    ///
    /// A slot that never had a field takes any epoch. Of another, only those are known to be nobody's that come after the
    /// newest that was given away: stale ids of this registry must not come to life.
    func place(of definition: FieldDefinition, _ id: FieldID) throws(PacketMetadataError) -> (slot: Int, epoch: UInt16)
    {
        let known = definition.wellKnown
        if let known, id != known.id { throw PacketMetadataError(FieldRefusal.idIsWellKnown(known)) }
        guard id.isPossible, known != nil || id.epoch != WellKnownField.epoch else {
            throw PacketMetadataError(FieldRefusal.impossibleID(id))
        }
        let holder = fields.first { $0.slot == id.slot }
        let slot = self[id.slot]
        let isUnused = slot.layout == LayoutWord(rawValue: 0)
        guard !isOccupied(slot.layout), known != nil || isUnused || id.epoch > slot.lastEpoch else {
            throw PacketMetadataError(FieldRefusal.idTaken(id, by: holder))
        }
        return (id.slot, id.epoch)
    }
}
