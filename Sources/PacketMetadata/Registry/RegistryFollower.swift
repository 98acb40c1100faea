// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

/// What follows a registry's changes, and is there because of the registry: the attachments and steerings that are pinned beside
/// it.
///
/// The registry knows its followers by this only (``RegistryPins/followers``). All calls are made under the registry's lock.
protocol RegistryFollower {
    /// Finishes what killed processes left.
    ///
    /// - Parameter dropsDamaged: whether what cannot be read goes, too.
    /// - Returns: what was done, in words.
    /// - Throws: `badData` if something cannot be read and is to stay.
    func recover(dropsDamaged: Bool) throws(PacketMetadataError) -> [String]

    /// Makes ready what a registry as it will be takes, and changes nothing: what cannot be made shows before the first
    /// step of a change is done.
    ///
    /// - Returns: what puts it in use.
    func prepare(
        for image: RegistryImage, of registry: borrowing Registry
    ) throws(PacketMetadataError) -> any RegistryRenewal

    /// - Throws: `taken` if what is there cannot be had for areas of another size.
    func refuseResizing() throws(PacketMetadataError)

    /// Who uses a field: each that does.
    ///
    /// - Throws: `taken` if something uses the field that is at no hook.
    func uses(of field: RegisteredField) throws(PacketMetadataError) -> [FieldUse]

    /// Takes away all that there is, for a registry that is removed.
    ///
    /// - Parameter taken: what is gone already, to which each part is added once it is, whatever is refused behind it.
    func removeAll(_ taken: inout TakenAway) throws(PacketMetadataError)
}

/// What followers have taken away with a registry.
struct TakenAway {
    /// In the order in which it was detached: of an attachment, each program.
    var detached: [AttachmentReport] = []
    var attachments = 0
    /// By their names.
    var steerings: [String] = []
}

/// What a follower has made ready for a registry as it will be.
protocol RegistryRenewal {
    func apply() throws(PacketMetadataError)
}
