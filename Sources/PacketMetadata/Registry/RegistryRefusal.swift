// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel
public import SystemPackage

/// Why a registry cannot be found, made, opened, changed or removed.
public enum RegistryRefusal: Refusal {
    // There can be none of that path.

    case emptyPath
    /// A BPF file system takes no dots in names.
    case dottedName(String)
    case notInFileSystem(FilePath)
    /// With where the link leads, if that is known.
    case throughLink(FilePath, to: FilePath?)
    /// In the folder of another registry.
    case inOtherRegistry(FilePath, other: FilePath)
    /// A file system is mounted there, whose mode is everybody's matter.
    case mountPoint(FilePath)
    /// No BPF file system is mounted there, and one that is mounted in this mount namespace goes with it.
    case fleetingMount(FilePath)
    case folderNotMade(KernelRefusal)

    // There is none, or none as asked.

    case noRegistry
    /// Nor is a BPF file system mounted there.
    case noFileSystem
    case badCapacity(Int)
    /// It exists, with that many bytes a packet.
    case otherCapacity(Int)
    /// The kernel grants no area of that many bytes; with the most that it grants, if that is known.
    case noArea(Int, most: Int?)
    case noSuchField(FieldName, FilePath, among: [FieldName])
    /// Attached programs use it.
    case fieldInUse([FieldUse])

    // It is not as it should be.

    case damagedRegistry(FilePath, Damage)
    /// In its fields; with the first problem.
    case damagedFields(FilePath, RegistryProblem)
    /// A folder has the name of its pin, and holds what is not pktmeta's.
    case othersFolder(FilePath, contents: [String])
    /// In its folder is another registry.
    case holdsRegistry(FilePath)

    // Somebody else is at it, or has it.

    /// With who has the lock, if that is known, and how long it was waited for.
    case registryLocked(FilePath, by: String?, waited: Duration)
    /// It was removed or replaced meanwhile.
    case registryReplaced(FilePath)
    /// A user who decides what is loaded for it.
    case foreignOwner(FilePath, owner: String)
    /// Its folder, or a pin in it: to change the registry, or to load programs for it; else to read it.
    case pinNotOpened(KernelRefusal, isToChange: Bool)
    /// The registry was opened to be read, and what was asked takes its seal.
    case sealNotOpened
    case accessNotSet(KernelRefusal)
    /// Areas keep their size while programs pick sockets, by the steerings' names.
    case sizeHeldBySteerings([String])
    /// Areas keep their size while programs answer sockets, of these cgroups.
    case sizeHeldBySockets([String])

    /// What is wrong with a registry's pins.
    public enum Damage: Sendable, Hashable {
        case missing(FilePath)
        /// A map, but none of a registry.
        case otherMap(FilePath)
        case noMap(FilePath)
        /// A folder where a pin should be.
        case folder(FilePath)
        /// A symbolic link where a pin should be.
        case link(FilePath)
        case noFolder(FilePath)
        /// A map, but of no seal.
        case noSeal(FilePath)
        /// A symbolic link where a folder should be.
        case linkedFolder(FilePath)
    }

    public var kind: PacketMetadataError.Kind {
        switch self {
        case .emptyPath, .dottedName, .badCapacity, .sealNotOpened: .usage
        case .notInFileSystem, .throughLink, .inOtherRegistry, .mountPoint, .fleetingMount, .damagedRegistry,
            .damagedFields,
            .othersFolder:
            .badData
        case .noRegistry, .noFileSystem, .noSuchField: .notFound
        case .otherCapacity, .fieldInUse, .holdsRegistry, .sizeHeldBySteerings, .sizeHeldBySockets: .taken
        case .noArea: .unsupported
        case .registryLocked, .registryReplaced: .busy
        case .foreignOwner: .missingPrivilege
        case .folderNotMade(let refusal), .pinNotOpened(let refusal, _), .accessNotSet(let refusal): refusal.kind
        }
    }
}

/// An attached program that a field cannot go without.
public struct FieldUse: Sendable, Hashable {
    public let program: String
    public let place: HookPlace
    public let hook: Hook
    /// Whether its instructions name the field; else its object declares it only.
    public let isUsed: Bool
}
