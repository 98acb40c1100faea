// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import RegistryModel

extension Registry {
    /// What has become of fields that were wanted.
    struct FieldBatch {
        var removed: [RegisteredField] = []
        var moved: [RegisteredField] = []
        var registered: [RegisteredField] = []
    }

    /// Unregisters the fields that are not wanted, or not so, with one grace period.
    ///
    /// - Parameters:
    ///   - wish: the fields, and what may go for them.
    ///   - isExpected: whether a use does not keep a field from going.
    /// - Throws: as ``unregister(_:force:)``.
    func removeFields(
        for wish: FieldWish, expecting isExpected: (FieldUse) -> Bool
    ) throws(PacketMetadataError) -> [RegisteredField] {
        let path = path
        return try change(.changeRegistry(path)) { (image) throws(PacketMetadataError) in
            let plan = try image.plan(wish, now: Clock.realtime)
            for field in plan.removed { try refuseIfUsed(field, beside: isExpected) }
            return Change(
                steps: plan.removal, events: plan.removed.map { .unregistered($0) }, result: plan.removed
            ) { [path] now in
                let gone = plan.removed.filter { field in !now.fields.contains { $0.id == field.id } }
                return gone.isEmpty ? nil : .changedFields(registered: [], unregistered: gone.map(\.name), path)
            }
        }
    }

    /// Registers the fields that are wanted and not there, with one grace period.
    ///
    /// What is counted of a slot is known once whoever may have counted for its field has returned: so in another change than that by
    /// which fields go.
    ///
    /// - Parameter removed: what has gone for them, to be told with an error.
    /// - Throws: as ``register(_:id:)``; `unfinished` if some are gone by then.
    func registerFields(
        for wish: FieldWish, after removed: [FieldName]
    ) throws(PacketMetadataError) -> (moved: [RegisteredField], registered: [RegisteredField]) {
        let path = path
        do throws(PacketMetadataError) {
            return try change(.changeRegistry(path)) { (image) throws(PacketMetadataError) in
                let state = try stateImage()
                let plan = try image.plan(wish, now: Clock.realtime) { state.counters(ofSlot: $0) }
                if let refused = plan.refused.first { throw refused.error }
                let events: [RegistryChange.Event] =
                    plan.moved.map { .moved($0) } + plan.registered.map { .registered($0) }
                return Change(steps: plan.registration, events: events, result: (plan.moved, plan.registered)) {
                    [path] now in
                    let new = plan.registered.filter { field in now.fields.contains { $0.id == field.id } }
                    return new.isEmpty ? nil : .changedFields(registered: new.map(\.name), unregistered: removed, path)
                }
            }
        } catch {
            guard !removed.isEmpty, error.kind != .unfinished else { throw error }
            throw error.unfinished(
                .changeRegistry(path), .changedFields(registered: [], unregistered: removed, path))
        }
    }
}
