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
    /// The driver has native XDP, but grants no area there.
    case noAreaInNativeXDP(DriverWithoutArea)
    /// The driver has native XDP, but not for an interface that is as this one is now.
    case notAsItIs(DriverRefusalOfXDP)
    /// Too few for native XDP. Of veth, those that an end receives on and those that its peer sends on, if this process may
    /// know both; other drivers: too few for one a CPU.
    case tooFewQueues(VethQueues?, isVeth: Bool, Errno)
    /// With the driver's own reason, if it tells one.
    case tooLittleMemory(said: String?, Errno)
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
        case .notSupported, .invalidArgument:
            let features = try? XDPFeatures.query(ifindex: interface.index)
            let mtu = (try? interface.state())?.mtu
            self.init(said: error.reason, errno, features, mtu: mtu)
        case .noSpace:
            let queues = VethQueues(interface).flatMap { $0.areTooFew ? $0 : nil }
            self = .tooFewQueues(queues, isVeth: interface.vethPeer() != nil, errno)
        case .noMemory: self = .tooLittleMemory(said: error.reason, errno)
        case .outOfRange:
            let mtu = interface.vethPeer().map { MTU.peer($0.mtu) } ?? .own
            self = .tooLargeMTU(mtu, kernelTakesFragments: BPF.kernelTakesFragments, errno)
        default: return nil
        }
    }

    /// What a driver means by EOPNOTSUPP or EINVAL, with which different drivers say the same.
    ///
    /// - Parameters:
    ///   - said: the reason of the kernel or of the driver, if one was told.
    ///   - features: nil if the kernel does not tell (before Linux 6.3).
    ///   - mtu: nil if it is not known.
    /// - Returns: nil if it is about something else.
    init?(said: String?, _ errno: Errno, _ features: XDPFeatures?, mtu: Int?) {
        let isOfKernel = said?.contains(text: Self.saidByKernel) ?? true
        if errno == .notSupported, features.map({ !$0.hasNative }) ?? isOfKernel {
            self = .noNativeXDP(errno)
            return
        }
        let largeMTU = mtu.flatMap { $0 > Self.usualMTU ? $0 : nil }
        if largeMTU != nil, features?.takesFragments == true, said?.contains(text: "MTU") ?? true {
            self = .tooLargeMTU(.own, kernelTakesFragments: true, errno)
            return
        }
        if errno == .invalidArgument, said == nil, largeMTU == nil { return nil }
        self = .notAsItIs(DriverRefusalOfXDP(said: said, largeMTU: largeMTU, errno: errno))
    }

    /// In net/core/dev.c, where the driver has no way to take a program (dev_xdp_attach).
    private static let saidByKernel = "does not support XDP in native mode"

    /// Of Ethernet (ETH_DATA_LEN), which each driver with native XDP takes. What fits a page may be too large without fragments:
    /// igb refuses 3,050, and vmxnet3 3,506 (Linux 6.12).
    static let usualMTU = 1500

    /// Whether generic mode, which asks nothing of the driver, is the way out: not if the program could do better.
    var isEndedByGenericMode: Bool {
        if case .tooLargeMTU = self { false } else { true }
    }
}

/// That a driver does not take a program for an interface that is as it is now: its MTU, its offloads.
public struct DriverRefusalOfXDP: Sendable, Hashable {
    /// The driver's own reason; nil if it tells none.
    public let said: String?
    /// Bytes; nil if the MTU is the usual one or smaller, or not known.
    public let largeMTU: Int?
    public let errno: Errno
}
