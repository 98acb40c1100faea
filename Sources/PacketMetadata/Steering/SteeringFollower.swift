// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import RegistryModel

/// The steerings that are pinned beside a registry: they get their field by its id, so that nothing of them is loaded anew
/// as the registry changes, and go with it.
struct SteeringFollower: RegistryFollower {
    private let store: SteeringStore

    init(_ store: SteeringStore) { self.store = store }

    /// A damaged one keeps no command from its work: no packet is steered wrong by it.
    func recover(dropsDamaged: Bool) throws(PacketMetadataError) -> [String] {
        var done = try store.removeHalfDone().map { "removed the half-made or half-removed steering \($0)" }
        if dropsDamaged {
            for damaged in try store.survey().damaged {
                try store.takeAway(damaged.folders.entry)
                done.append("removed the damaged steering \(damaged.folders.entry.name): \(damaged.damage.reason)")
            }
        }
        for text in done { store.pins.record(.finished(text)) }
        return done
    }

    func prepare(
        for image: RegistryImage, of registry: borrowing Registry
    ) throws(PacketMetadataError) -> any RegistryRenewal { Nothing() }

    private struct Nothing: RegistryRenewal {
        func apply() {}
    }

    /// Applications have attached the program, and nobody else can attach another.
    func refuseResizing() throws(PacketMetadataError) {
        let names = try store.survey().sound.map(\.name)
        if !names.isEmpty { throw PacketMetadataError(RegistryRefusal.sizeHeldBySteerings(names.map(\.text).sorted())) }
    }

    /// - Throws: `taken` if the field is used: a steering is at no hook that could be named.
    func uses(of field: RegisteredField) throws(PacketMetadataError) -> [FieldUse] {
        let names = try store.survey().sound.filter { $0.record.id == field.id }.map(\.name)
        if names.isEmpty { return [] }
        throw PacketMetadataError(SteeringRefusal.fieldSteers(names.sorted()))
    }

    func removeAll(_ taken: inout TakenAway) throws(PacketMetadataError) {
        try store.removeAll { name in
            store.pins.record(.steeringDeleted(name.text))
            taken.steerings.append(name.text)
        }
    }
}
