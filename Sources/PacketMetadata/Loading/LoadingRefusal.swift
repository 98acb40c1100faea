// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel
public import SystemPackage

/// Why programs of an object cannot be loaded for a registry. Objects are named as users know them.
public enum LoadingRefusal: Refusal {
    // The object.

    /// None that libbpf can read; with its own words, if it has any.
    case unreadableObject(object: String, said: String?, Errno)
    /// It does not include pktmeta's header.
    case noRegistryMap(object: String, map: String)
    /// Compiled against another ABI.
    case objectOfOtherABI(object: String, version: Int, own: Int)
    /// Its maps of a registry are of another shape.
    case otherMaps(object: String)
    case noConstant(object: String, constant: String, size: Int)

    // Its program for a hook.

    case noProgram(object: String, Hook, others: [ObjectProgram])
    case noSuchProgram(object: String, program: String, Hook, among: [String])
    /// It has that program, which is for something else.
    case programOfOtherHook(object: String, ObjectProgram, Hook)
    /// One of these is to be named.
    case severalPrograms(object: String, Hook, [String])
    case longProgramName(object: String, most: Int)
    /// A program reaches another, of another kind, by a tail call.
    case mixedTailCalls(object: String, from: ObjectProgram, to: ObjectProgram)
    /// A program array that the object fills is pinned by its name.
    case sharedArray(object: String, array: String)

    // The fields that it names.

    /// With the fields that are registered.
    case missingFields(object: String, [MissingField], among: [FieldName])
    case declaredSize(object: String, RegisteredField, size: Int)
    /// Of a call by the field's id.
    case calledSize(object: String, RegisteredField, size: Int)

    // Several programs on a hook.

    /// It does not call the next program.
    case noSuccessor(program: String, next: String)
    case tooManyPrograms(Int, most: Int)
    /// Some programs take packets in fragments and some do not.
    case mixedFragments(without: [String], with: [String])

    // What surrounds it.

    /// The driver cannot be asked for the registry's hardware fields.
    case driverNotAsked(DriverRefusal)
    /// Of an interface that programs were held on; nil: that is named already.
    case interfaceGone(String?)
    case fieldMoving(FieldName)
    case noKernelTypes(Errno)

    public var kind: PacketMetadataError.Kind {
        switch self {
        case .objectOfOtherABI, .otherMaps: .incompatibleABI
        case .missingFields, .interfaceGone: .notFound
        case .tooManyPrograms, .noKernelTypes: .unsupported
        case .driverNotAsked(let refusal): refusal.cause == .otherNamespace ? .missingPrivilege : .unsupported
        case .fieldMoving: .busy
        default: .badData
        }
    }
}

/// A program of an object.
public struct ObjectProgram: Sendable, Hashable {
    /// For what a program's section says that it is.
    public enum Purpose: Sendable, Hashable {
        case xdp, tcIngress, tcEgress, netfilter
        /// Packets of a cgroup in either direction.
        case cgroup
        case cgroupIngress, cgroupEgress
        /// Packets that a device map sends.
        case deviceMap
        /// Packets that a CPU map hands over.
        case cpuMap
        case other
    }

    public let name: String
    /// As in `SEC("xdp")`.
    public let section: String
    public let purpose: Purpose
}

/// A field that an object names and that is not registered.
public struct MissingField: Sendable, Hashable {
    public let name: String
    /// That it is declared with, or that suits its size; nil if the object says nothing of it.
    public let type: FieldType?
}

/// Why an interface's driver cannot be asked for hardware fields.
public struct DriverRefusal: Sendable, Hashable {
    public enum Cause: Sendable, Hashable {
        case genericMode
        /// The driver is not one that XDP programs can ask.
        case noDriver
        /// The driver says that it fills none of these fields (since Linux 6.7).
        case unknownToDriver
        /// The kernel lets no program of a chain ask a driver.
        case chain
        /// This process may not enter the interface's network namespace.
        case otherNamespace
        /// The kernel has no such question.
        case noQuestion
        /// The kernel cannot bind a program to an interface.
        case noBinding
    }

    public let cause: Cause
    public let interface: String
    /// Those that cannot be had.
    public let fields: [FieldName]
    /// Hardware fields that are registered already.
    public let registered: [FieldName]
    /// Whether this registry has a program attached to the interface's XDP hook.
    public let isAttached: Bool
}
