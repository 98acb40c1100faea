// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel

extension Registry {
    /// Interfaces to which the prebuilt producer is attached and sets no hardware field, because the driver cannot be asked
    /// there.
    public func interfacesWithoutHardwareFields() throws(PacketMetadataError) -> [String] {
        let unasked = try AttachmentStore(pins).survey().sound.filter { $0.members.contains(where: \.record.isUnasked) }
        return AttachmentPlace.all(unasked).compactMap(\.named.interface)
    }
}
