// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
public import SystemPackage

/// How an interface merges packets that come in, before all but native XDP sees them: `ethtool -k`.
public struct ReceiveOffloads: Sendable, Hashable {
    /// generic-receive-offload (GRO): packets of a flow become one.
    public let gro: Bool
    /// rx-gro-list: GRO makes a list, in which each packet keeps its buffer (since Linux 5.6).
    public let groList: Bool
    /// rx-udp-gro-forwarding: GRO merges UDP packets that are forwarded (since Linux 5.12).
    public let udpForwarding: Bool
    /// large-receive-offload: the NIC merges packets, so that they can't be taken apart as they were.
    public let lro: Bool

    public init(gro: Bool, groList: Bool = false, udpForwarding: Bool = false, lro: Bool = false) {
        self.gro = gro
        self.groList = groList
        self.udpForwarding = udpForwarding
        self.lro = lro
    }
}

extension NetworkInterface {
    /// - Throws: `notSupportedOnSocket` or the like if the interface has no such settings.
    public func receiveOffloads() throws(Errno) -> ReceiveOffloads {
        let socket = try Self.controlSocket()
        return ReceiveOffloads(
            gro: try mergesPackets(), groList: try isOn("rx-gro-list", socket),
            udpForwarding: try isOn("rx-udp-gro-forwarding", socket), lro: try isOn("rx-lro", socket))
    }

    /// Whether packets of a flow that come in are merged (generic receive offload).
    ///
    /// - Throws: `notSupportedOnSocket` or the like if the interface has no such setting.
    public func mergesPackets() throws(Errno) -> Bool {
        let socket = try Self.controlSocket()
        let value = unsafe linux_ethtool_value(socket.raw, kernelName, UInt32(ETHTOOL_GGRO))
        guard value >= 0 else { throw Errno(rawValue: CInt(-value)) }
        return value != 0
    }

    /// The same, changed. Takes CAP_NET_ADMIN.
    public func setMergesPackets(_ merges: Bool) throws(Errno) {
        let socket = try Self.controlSocket()
        try check(unsafe linux_ethtool_set_value(socket.raw, kernelName, UInt32(ETHTOOL_SGRO), merges ? 1 : 0))
    }

    /// - Returns: false if the kernel knows no such offload.
    private func isOn(_ feature: String, _ socket: borrowing OwnedFD) throws(Errno) -> Bool {
        let value = unsafe linux_ethtool_feature(socket.raw, kernelName, feature)
        if value == -Errno.noSuchFileOrDirectory.rawValue { return false }
        guard value >= 0 else { throw Errno(rawValue: -value) }
        return value != 0
    }
}
