// SPDX-License-Identifier: BSD-2-Clause

public import SystemPackage

/// What a program asked the library for.
public enum Action: Hashable, Sendable {
    // Of texts.

    /// To read what somebody wrote.
    case read(Notation, String)

    // Of a registry, by the path of its folder of pins.

    case openRegistry(FilePath)
    /// To take what is pinned there for a registry.
    case useRegistry(FilePath)
    case readRegistry(FilePath)
    /// To read what happened to fields.
    case readState(FilePath)
    case createRegistry(FilePath)
    case changeRegistry(FilePath)
    case compactRegistry(FilePath)
    /// To have what is counted of fields begin anew.
    case resetState(FilePath)
    /// To tell a registry's layout.
    case describeLayout(FilePath)
    case repairRegistry(FilePath)
    case removeRegistry(FilePath)
    case exportRegistry(FilePath)
    /// To set who may read a registry; nil: one that was not named yet.
    case setAccess(FilePath?)
    /// To set of which values statistics are taken.
    case setStatistics(FilePath)
    /// To find out how many bytes in front of a packet the kernel grants.
    case probeAreas

    /// To give packets areas of another size.
    case resizeAreas(FilePath)

    // Of fields.

    case registerField(FieldName)
    case unregisterField(FieldName)

    // Of objects and what is loaded of them.

    case readObject(FilePath)
    case loadObject(String)

    // Of hooks and what is attached to them.

    case attach(to: [String])
    case detach(from: [String])
    /// To have programs attached for as long as a process lives.
    case stayAttached(to: [String])
    /// To load an attached program anew for a registry that has changed.
    case renew(program: String, on: String)
    /// To say who is on a hook.
    case lookAtHook(String, interface: String)
    /// To look for what keeps an interface from carrying fields.
    case examine(interface: String)
    case listAttachments
    /// To go by what is attached for a registry.
    case useAttachments(FilePath)
    /// By the path of its folder of pins; so are the following.
    case readAttachment(FilePath)
    case adoptAttachment(FilePath)
    case finishAttachment(FilePath)

    // Of steerings, by their names.

    case createSteering(String)
    case deleteSteering(String)
    case listSteerings
    /// By the path of its folder of pins.
    case readSteering(FilePath)

    // Of a host.

    /// To make it as documents declare, at that place of one.
    case declare(at: String)
    /// To compare a host with documents, or make it so; by the registry.
    case planHost(FilePath)
    case applyDeclaration(FilePath)
    /// To write down what a host has.
    case exportDeclaration(FilePath)
    /// To read what documents declare.
    case readDeclaration
    /// To read the configuration of a container network.
    case readNetwork

    // Of packets.

    case watch(interfaces: [String])
    /// To follow packets through the kernel.
    case trace
    case watchBy(field: FieldName, comparison: String, value: String)

    // Of a command line.

    /// To write a file that the user named.
    case writeFile(FilePath)
    /// To run a command, by its name, where it says no more exactly what was refused.
    case run(command: String)

    // Of programs that are built on the library.

    /// In words that say that it was refused, as in "the benchmark stopped".
    case other(String)

    /// What a text is meant to be.
    public enum Notation: Hashable, Sendable {
        case fieldName, steeringName, type, source, sink, value
        case registryPath
        case condition, address
        /// A command line.
        case arguments
    }
}
