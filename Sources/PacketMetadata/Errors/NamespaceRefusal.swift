// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel
public import SystemPackage

/// Why nothing can be done in a network namespace.
public enum NamespaceRefusal: Refusal {
    /// This process may not open it.
    case namespaceNotOpened(FilePath, Errno)
    /// With the names of those that there are.
    case noSuchNamespace(String, FilePath, Errno, among: [String])
    /// By its name or what it is: "of the receiver".
    case namespaceNotEntered(String, Errno)
    /// Likewise: the way back leads through /proc, which is not mounted.
    case namespaceNotEnteredWithoutProc(String)

    public var kind: PacketMetadataError.Kind {
        switch self {
        case .namespaceNotOpened: .missingPrivilege
        case .noSuchNamespace: .notFound
        case .namespaceNotEntered(_, let errno): .init(errno, or: .badData)
        case .namespaceNotEnteredWithoutProc: .unsupported
        }
    }
}
