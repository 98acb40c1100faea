// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel
public import SystemPackage

/// Why commands cannot go by what is pinned for a registry's attachments.
public enum PinRefusal: Refusal {
    case damagedAttachment(DamagedAttachment, of: FilePath)

    public var kind: PacketMetadataError.Kind { .badData }
}
