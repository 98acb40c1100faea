// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
public import SystemPackage

/// Why an interface cannot be used, or its driver does not take a program in native mode.
public enum InterfaceRefusal: Refusal {
    /// With the names of those that the network namespace has.
    case noSuchInterface(String, Errno, among: [String])
    case noNativeXDP(Errno)
    /// Too few for native XDP. Of veth, those that an end receives on and those that its peer sends on, if this process may
    /// know both; other drivers: too few for one a CPU.
    case tooFewQueues(VethQueues?, isVeth: Bool, Errno)
    case tooLittleMemory(Errno)
    /// For a program without fragments.
    case tooLargeMTU(MTU, kernelTakesFragments: Bool, Errno)

    public enum MTU: Sendable, Hashable {
        case own
        /// Of the veth peer, if this process may know it.
        case peer(Int?)
    }

    public var kind: PacketMetadataError.Kind {
        if case .noSuchInterface = self { .notFound } else { .unsupported }
    }

    /// What a driver says of a program in native mode, as far as its errno and the interface tell.
    ///
    /// - Returns: nil if it is about something else.
    init?(ofNativeMode error: BPFError, _ interface: NetworkInterface) {
        let errno = error.errno
        switch errno {
        case .notSupported: self = .noNativeXDP(errno)
        case .noSpace:
            let queues = VethQueues(interface).flatMap { $0.areTooFew ? $0 : nil }
            self = .tooFewQueues(queues, isVeth: interface.vethPeer() != nil, errno)
        case .noMemory: self = .tooLittleMemory(errno)
        case .outOfRange:
            let mtu = interface.vethPeer().map { MTU.peer($0.mtu) } ?? .own
            self = .tooLargeMTU(mtu, kernelTakesFragments: BPF.kernelTakesFragments, errno)
        default: return nil
        }
    }

    /// Whether generic mode, which asks nothing of the driver, is the way out: not if the program could do better.
    var isEndedByGenericMode: Bool {
        if case .tooLargeMTU = self { false } else { true }
    }
}
