// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel
public import SystemPackage

/// One thing that was looked at, and what it means for fields on packets.
public struct Finding: Sendable, Hashable {
    public enum Level: String, Sendable, Hashable, CaseIterable {
        case ok
        /// It could not be found out; it may be either.
        case unknown
        /// Fields are carried, but less well.
        case weaker
        /// Fields are not carried.
        case broken
    }

    /// What was looked at. The raw value is what programs know it by.
    public enum Check: String, Sendable, Hashable, CaseIterable {
        // Of the machine, and of this process on it.
        case capabilities
        case bpffs
        case kernelTypes = "kernel-types"
        case programs
        case compiler = "jit"
        case fragments
        case area
        case attaching
        /// Of packets in the network stack, by programs of netfilter.
        case netfilter
        /// Of packets of the sockets of a cgroup.
        case cgroups
        /// To pick an application's socket.
        case steering
        /// To answer applications that ask for fields by their sockets.
        case sockets
        /// To follow packets through the kernel.
        case tracing
        /// To hand packets to applications past the network stack.
        case xdpSockets = "af-xdp"
        case gracePeriod = "grace-period"
        case tcWrites = "tc-writes"
        case registry
        /// Whether private fields may get to other network namespaces.
        case privateFields = "private-fields"
        // Of an interface.
        case interface
        case linkLayer = "link-layer"
        case nativeXDP = "native-xdp"
        case mtu
        case hardware
        case xdpHook = "xdp-hook"
        case tcHook = "tc-hook"
        case tcEgressHook = "tc-egress"
        case mark
        case taps
        case gro
        case tunnels
        /// Whether areas keep packets from being merged behind a tunnel.
        case tunnelGRO = "tunnel-gro"
        case groList = "gro-list"
        case udpForwarding = "udp-gro-forwarding"
        case lro
    }

    public let check: Check
    public let level: Level
    public let evidence: Evidence
    /// What helps; of a refusal, what helps against that.
    public let remedy: Remedy?
    /// Whether it is so for want of a privilege.
    public let isPrivilege: Bool

    init(
        _ check: Check, _ level: Level, _ evidence: Evidence, remedy: Remedy? = nil, isPrivilege: Bool = false
    ) {
        self.check = check
        self.level = level
        self.evidence = evidence
        self.remedy = remedy
        self.isPrivilege = isPrivilege
    }

    init(_ check: Check, _ level: Level, _ text: String, remedy: Remedy? = nil, isPrivilege: Bool = false) {
        self.init(check, level, .text(text), remedy: remedy, isPrivilege: isPrivilege)
    }

    /// What was found, and what it means.
    public enum Evidence: Sendable, Hashable {
        case text(String)
        /// Trying it was refused.
        case refusal(PacketMetadataError)
        /// This process is in a user namespace other than the initial one, in which no capability is good for BPF.
        case userNamespace
        /// Of capabilities(7), by name.
        case missingCapabilities([String])
        /// No BPF file system is mounted there; this process may, and does so for a registry.
        case mountsFileSystem(at: FilePath)
        /// There is no registry yet.
        case noRegistry(at: FilePath)
        /// Programs run in generic mode, since a veth has too few queues.
        case vethQueues(VethQueues)
        /// The driver has native XDP, and pktmeta cannot use it here.
        case nativeXDPLimit(NativeXDPLimit)
        /// The driver has it. How large an area the driver grants shows as packets come.
        case nativeXDP
    }

    /// What helps, where a literal says it in words.
    public enum Remedy: Sendable, Hashable, ExpressibleByStringInterpolation {
        case text(String)
        /// To leave the user namespace.
        case initialUserNamespace
        /// To name a registry in a BPF file system.
        case folderInFileSystem
        /// To mount a BPF file system where other mount namespaces see it.
        case mountOutside
        /// To have a folder of one's own made for a registry.
        case ownFolder
        /// To repair a registry, which removes a damaged attachment.
        case repairAttachment(FilePath)
        /// To repair a registry, which closes what others may open.
        case closePins(FilePath)
        /// To trust the registry's owner.
        case trustOwner
        /// To have the driver grant less, or none.
        case smallerArea
        /// To have the hook's holder detached.
        case freeHook(HookOccupant, interface: String)
        /// To name other bits of the mark.
        case otherBits
        /// An MTU that each driver takes in native mode, or generic mode; nil: of the veth peer.
        case smallerMTU(Int, interface: String?)
        /// Generic mode, or an MTU that fits a page.
        case genericModeForPages
        /// To have the field set on fewer packets.
        case sampling
        /// To have the virtual machine's host give it other features.
        case otherVirtioFeatures
        /// To have the scrub program where packets leave by interfaces.
        case scrubAtEgress(interfaces: [String])

        public init(stringLiteral text: String) { self = .text(text) }
    }
}
