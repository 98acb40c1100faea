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
        guard id.isPossible, known == nil ? id.epoch != WellKnownField.epoch : id == known?.id else {
            throw PacketMetadataError(
                .usage, "cannot register \(definition.name)",
                reason: known.map { "\(definition.name) is a well-known field, whose id is \($0.id)" }
                    ?? "no field can have the id \(id)")
        }
        if let holder = fields.first(where: { $0.slot == id.slot }) {
            throw idTaken(definition, id, "its place is that of the field \(holder.name), \(holder.id)")
        }
        let slot = self[id.slot]
        let isUnused = slot.layout == LayoutWord(rawValue: 0)
        guard !isOccupied(slot.layout), known != nil || isUnused || id.epoch > slot.lastEpoch else {
            throw idTaken(definition, id, "it was, or may have been, another field's in this registry")
        }
        return (id.slot, id.epoch)
    }

    private func idTaken(_ asked: FieldDefinition, _ id: FieldID, _ reason: String) -> PacketMetadataError {
        PacketMetadataError(
            .taken, "cannot register \(asked.name)", reason: "it cannot have the id \(id): \(reason)",
            remedy: "Leave --id out, and the field gets another.")
    }

    func hasOtherID(_ field: RegisteredField, asked id: FieldID) -> PacketMetadataError {
        PacketMetadataError(
            .taken, "cannot register \(field.name)",
            reason: "it is registered with the id \(field.id); asked for: \(id)",
            remedy: "A field keeps its id: leave --id out, or pktmeta unregister-field \(field.name) first.")
    }
}
