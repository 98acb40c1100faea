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
        /// Bytes behind the link-layer header.
        public let mtu: Int
    }

    public func state() throws(Errno) -> State {
        var head = ifinfomsg()
        head.ifi_index = CInt(index)
        let answer: Netlink.Body?
        do throws(Netlink.Refusal) {
            answer = try Netlink().request(RTM_GETLINK, Netlink.bytes(of: head)).first
        } catch {
            throw error.errno
        }
        guard let answer, let head = Netlink.load(ifinfomsg.self, answer),
            let value = Netlink.attributes(answer.dropFirst(MemoryLayout<ifinfomsg>.size))[Int(IFLA_MTU)],
            let mtu = Netlink.load(UInt32.self, value)
        else { throw .ioError }
        func has(_ flag: some BinaryInteger) -> Bool { head.ifi_flags & UInt32(flag) != 0 }
        return State(isUp: has(IFF_UP), isRunning: has(IFF_RUNNING), mtu: Int(mtu))
    }

    /// Whether packets of a flow that come in are merged (generic receive offload).
    ///
    /// - Throws: `notSupportedOnSocket` or the like if the interface has no such setting.
    public func mergesPackets() throws(Errno) -> Bool {
        let socket = try Self.controlSocket()
        let value = unsafe linux_ethtool_value(socket.raw, name, UInt32(ETHTOOL_GGRO))
        guard value >= 0 else { throw Errno(rawValue: CInt(-value)) }
        return value != 0
    }

    /// The same, changed. Takes CAP_NET_ADMIN.
    public func setMergesPackets(_ merges: Bool) throws(Errno) {
        let socket = try Self.controlSocket()
        try check(unsafe linux_ethtool_set_value(socket.raw, name, UInt32(ETHTOOL_SGRO), merges ? 1 : 0))
    }

    /// Any socket will do (netdevice(7)).
    private static func controlSocket() throws(Errno) -> OwnedFD {
        let raw = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw Errno.last }
        return OwnedFD(raw)
    }
}
