// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel

/// Why nobody can be given such access to a registry.
public enum AccessRefusal: Refusal {
    case badModeBits(String)
    /// Who may write decides what programs the registry's owner loads.
    case lettingOthersWrite(String)
    /// Pins are read and written by their owner, and never executed.
    case badOwnerBits(String)
    /// A group was named that may do nothing.
    case idleGroup(modeBits: String)
    case noSuchGroup(String)

    public var kind: PacketMetadataError.Kind {
        if case .noSuchGroup = self { .notFound } else { .usage }
    }
}
