// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// Why a driver does not take a program in native mode, as far as its errno and the interface say.
struct XDPRefusal {
    private enum Cause {
        case noNativeXDP
        /// veth: fewer than its peer sends on. Other drivers: too few for one a CPU.
        case queues
        case memory
        case mtu
    }

    private let cause: Cause
    private let errno: Errno
    private let interface: NetworkInterface

    /// - Returns: nil if it is about something else.
    init?(_ error: BPFError, _ interface: NetworkInterface) {
        switch error.errno {
        case .notSupported: cause = .noNativeXDP
        case .noSpace: cause = .queues
        case .noMemory: cause = .memory
        case .outOfRange: cause = .mtu
        default: return nil
        }
        errno = error.errno
        self.interface = interface
    }

    /// Why generic mode, which asks nothing of the driver, is the way out. nil if the program could do better.
    var withoutNative: String? { cause == .mtu ? nil : reason }

    func error(_ summary: String) -> PacketMetadataError {
        PacketMetadataError(.unsupported, summary, reason: reason, remedy: remedy)
    }

    private var reason: String { "\(text) (\(errno.name))" }

    private var text: String {
        switch cause {
        case .noNativeXDP: return "the driver has no native XDP"
        case .memory: return "the driver has not the queues or the memory for native XDP"
        case .queues:
            return VethQueues(interface)?.lack ?? "the driver has too few queues for native XDP"
        case .mtu:
            let mtu =
                interface.vethPeer().map { "the MTU of its veth peer\($0.mtu.map { ", \($0)," } ?? "")" } ?? "its MTU"
            return "\(mtu) is too large for a program without fragments"
        }
    }

    private var remedy: String {
        switch cause {
        case .noNativeXDP: return "--mode generic works with any driver."
        case .memory: return "--mode generic takes none of them; fewer queues, by ethtool -L, may do."
        case .queues:
            return interface.vethPeer() == nil
                ? "--mode generic takes none; fewer queues, by ethtool -L, may do."
                : "--mode generic takes none; so does a peer that sends on fewer, by ethtool -L PEER tx NUMBER."
        case .mtu:
            let lower = interface.vethPeer() == nil ? "lower the MTU" : "lower the peer's MTU"
            return kernelTakesFragments
                ? "Compile the program as SEC(\"xdp.frags\"), or \(lower)."
                : "This kernel has no fragments in XDP (Linux 5.18): \(lower), or --mode generic."
        }
    }
}
