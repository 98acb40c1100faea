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
        // struct ifinfomsg: family, padding, type; index; flags; change.
        let request =
            [0, 0, 0, 0] + NativeBytes.encoded(index) + NativeBytes.encoded(UInt32(0)) + NativeBytes.encoded(UInt32(0))
        guard let answer = try NetlinkSocket(.route).get(UInt16(RTM_GETLINK), request),
            let flags = NativeBytes.integer(in: answer.body[...], at: 8, as: UInt32.self),
            let mtu = NetlinkAttributes(answer.body.dropFirst(request.count)).integer(Int(IFLA_MTU), as: UInt32.self)
        else { throw .ioError }
        func has(_ flag: some BinaryInteger) -> Bool { flags & UInt32(flag) != 0 }
        return State(isUp: has(IFF_UP), isRunning: has(IFF_RUNNING), mtu: Int(mtu))
    }

    /// Whether packets of a flow that come in are merged (generic receive offload).
    ///
    /// - Throws: `notSupportedOnSocket` or the like if the interface has no such setting.
    public func mergesPackets() throws(Errno) -> Bool {
        let raw = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw Errno.last }
        let socket = OwnedFD(raw)
        let value = unsafe linux_ethtool_value(socket.raw, name, UInt32(ETHTOOL_GGRO))
        guard value >= 0 else { throw Errno(rawValue: CInt(-value)) }
        return value != 0
    }
}
