// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel
public import SystemPackage

/// Why programs cannot be attached to a hook, kept there, or detached.
public enum AttachingRefusal: Refusal {
    // The request.

    case noSuchMode(AttachmentMode, Hook)
    /// What is held by a process joins nothing, has no place among others and is no filter.
    case heldRequest
    case namedTwice(ProgramIdentity)
    /// The kernel takes no second one at a place of the hook.
    case onlyOneProgram(Hook)
    /// Pktmeta brings no program along for the hook.
    case noPrebuilt(Hook)
    /// Of this registry's programs, of which these are attached there.
    case programNotAttached(String, among: [ProgramIdentity])
    case ambiguousProgram(String, [ProgramIdentity])
    /// Of all programs of a TC hook.
    case noSuchNeighbour(String, Hook, among: [Neighbour])
    case ambiguousNeighbour(String, among: [Neighbour])
    /// It is among the programs that are to be put beside it.
    case neighbourIsWanted(String)

    // What is there.

    /// By this registry, in another mode than was asked for.
    case attachedInOtherMode(program: String, AttachmentMode, Hook, at: HookPlace)
    /// Nothing of this registry.
    case nothingAttached(FilePath, [Hook])
    /// nil: whoever holds it cannot be seen.
    case hookTaken(HookOccupant?, interface: String, Errno)
    /// Of netfilter. Links do not tell of which network namespace they are: one of these has it; none: they cannot be seen.
    case priorityTaken(NetfilterHook, by: [Neighbour], Errno)
    /// As many programs are attached to a hook as the kernel allows.
    case hookFull(Hook, Errno)
    /// The program beside which another was to run has just gone.
    case neighbourGone(Hook, Errno)
    case registryGone(FilePath)

    // The kernel and the driver.

    case noNetfilterPrograms
    case noDefragmenting(Errno)
    /// Of which the kernel takes no netfilter programs.
    case noFamily(NetfilterHook.Family, Errno)
    /// The kernel keeps the priority for itself.
    case reservedPriority(NetfilterHook, defragments: Bool, Errno)
    /// A program of a cgroup above, or of this one, rules others out.
    case cgroupClosed(Errno)

    case noTCXLinks(Errno)
    /// An order among TC programs takes TCX: the kernel has none, or clsact was asked for.
    case orderTakesTCX(kernelHasTCX: Bool)
    case noXDPMode(AttachmentMode, Errno)
    /// The interface has the older ingress qdisc, which has no filters for egress.
    case noEgressFilters(interface: String)
    /// An attached program goes on as it was, although the registry has changed.
    case notRenewed(KernelRefusal)
    /// An attached program cannot take up a change where nobody is found any more.
    case namespaceDeserted(NetfilterHook, netnsCookie: UInt64)

    /// A program at a hook.
    public struct Neighbour: Sendable, Hashable {
        public let programID: UInt32
        /// nil if this process may not know it.
        public let name: String?
    }

    public var kind: PacketMetadataError.Kind {
        switch self {
        case .noSuchMode, .heldRequest, .namedTwice, .onlyOneProgram, .noPrebuilt, .ambiguousProgram,
            .ambiguousNeighbour, .neighbourIsWanted, .reservedPriority:
            .usage
        case .programNotAttached, .noSuchNeighbour, .nothingAttached, .registryGone, .namespaceDeserted: .notFound
        case .attachedInOtherMode, .hookTaken, .priorityTaken, .hookFull, .cgroupClosed: .taken
        case .neighbourGone: .busy
        case .noTCXLinks, .orderTakesTCX, .noXDPMode, .noEgressFilters, .noNetfilterPrograms, .noDefragmenting,
            .noFamily:
            .unsupported
        case .notRenewed(let refusal): refusal.kind
        }
    }
}
