// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

extension NetworkInterface {
    /// What `ip link show` tells.
    public struct State: Sendable, Hashable {
        public let isUp: Bool
        /// Up, with a carrier.
        public let isRunning: Bool
        public let isLoopback: Bool
        /// Bytes behind the link-layer header.
        public let mtu: Int
        /// Whether packets begin with an Ethernet header; else with that of IP, as those of tun and of most tunnels.
        public let hasEthernetHeader: Bool
    }

    public func state() throws(Errno) -> State {
        let message = try LinkMessage(index: index)
        guard let mtu = message.mtu else { throw .ioError }
        return State(
            isUp: message.has(IFF_UP), isRunning: message.has(IFF_RUNNING), isLoopback: message.has(IFF_LOOPBACK),
            mtu: mtu, hasEthernetHeader: message.hasEthernetHeader)
    }

    /// Any socket will do (netdevice(7)).
    static func controlSocket() throws(Errno) -> OwnedFD {
        let raw = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw Errno.last }
        return OwnedFD(raw)
    }
}

extension NetworkInterface {
    /// Sets the loopback interface of this thread's network namespace up, which in a new one is down.
    public static func raiseLoopback() throws(Errno) {
        let control = try controlSocket()
        try check(unsafe linux_raise_interface(control.raw, "lo"))
    }
}
