// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// Why a command cannot do what its arguments say, beside what the library refuses.
enum CommandRefusal: Refusal {
    /// With what is wrong, as the parser says it.
    case badArguments(String)
    /// With the registry's path and its fields.
    case noSuchField(String, FilePath, among: [FieldName])
    /// Of a registry that a header is to be made of.
    case damagedFields(RegistryProblem)
    /// Of a registry whose layout is to be told.
    case damagedSlots([Int])
    /// But the loopback.
    case noInterfaces
    case interfacesNotListed(Errno)
    case binaryToTerminal
    case fileNotWritten(Errno)
    /// The terminal does not give single keys.
    case noSingleKeys(Errno)
    /// A document has one owner: with all that there are.
    case notOneOwner([String])
    /// Of those who have declared something.
    case noSuchOwner(String, among: [String])
    case packetNotSent(Errno)
    case packetsNotArrived(UInt64, of: Int)

    var kind: PacketMetadataError.Kind {
        switch self {
        case .badArguments, .binaryToTerminal, .notOneOwner: .usage
        case .noSuchField, .noInterfaces, .noSuchOwner: .notFound
        case .damagedFields, .damagedSlots: .badData
        case .interfacesNotListed, .noSingleKeys, .packetNotSent, .packetsNotArrived: .system
        case .fileNotWritten(let errno):
            switch errno {
            case .noSuchFileOrDirectory, .notDirectory: .notFound
            case .isDirectory: .taken
            case .permissionDenied, .notPermitted, .readOnlyFileSystem: .missingPrivilege
            default: .output
            }
        }
    }
}
