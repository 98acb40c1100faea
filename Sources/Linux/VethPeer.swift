// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
public import SystemPackage

extension NetworkInterface {
    /// On how many queues an interface receives and sends.
    public struct Queues: Sendable, Hashable {
        public let receiving: Int
        public let sending: Int
    }

    /// - Throws: `notSupportedOnSocket` or the like if the driver does not tell.
    public func queues() throws(Errno) -> Queues {
        let socket = try Self.controlSocket()
        var (receiving, sending): (UInt32, UInt32) = (0, 0)
        try check(unsafe linux_ethtool_queues(socket.raw, kernelName, &receiving, &sending))
        return Queues(receiving: Int(receiving), sending: Int(sending))
    }

    /// The other end of a veth pair. What its packets can be decides what XDP programs the driver takes at this end.
    public struct VethPeer: Sendable, Hashable {
        /// nil if this process may not know: it is in a network namespace where it lacks CAP_NET_ADMIN.
        public let mtu: Int?
        /// On how many queues it sends; nil if its network namespace was not found, or may not be entered.
        public let sendingQueues: Int?
    }

    /// - Returns: nil if the interface is no veth, or its other end is gone.
    public func vethPeer() -> VethPeer? {
        guard let message = try? LinkMessage(index: index), message.kind == "veth", let peer = message.peerIndex,
            peer != 0
        else { return nil }
        return VethPeer(
            mtu: (try? LinkMessage(index: peer, in: message.peerNamespace))?.mtu,
            sendingQueues: Self.sendingQueues(peer, message.peerNamespace))
    }

    /// The index of the other end of a veth pair, wherever that is; nil if this is no veth.
    public var vethPeerIndex: UInt32? {
        guard let message = try? LinkMessage(index: index), message.kind == "veth" else { return nil }
        return message.peerIndex
    }

    /// The interface here of that index, if it is the end of a veth pair whose other end has that index in another network
    /// namespace.
    public static func vethEnd(
        _ index: UInt32, of other: UInt32, in namespace: borrowing NetworkNamespace
    ) -> NetworkInterface? {
        // The kernel gives the other namespace a number as it tells of the link, if it has none.
        guard let message = try? LinkMessage(index: index), message.kind == "veth", message.peerIndex == other,
            let netlink = try? Netlink(), let number = namespace.number(asSeenBy: netlink),
            message.peerNamespace == number
        else { return nil }
        return try? NetworkInterface(message)
    }

    private static func sendingQueues(_ index: UInt32, _ namespace: Int32?) -> Int? {
        guard let namespace else { return try? NetworkInterface(index: index).queues().sending }
        guard let netlink = try? Netlink(),
            let place = NetworkNamespace.find(where: {
                guard let there = try? NetworkNamespace.current() else { return false }
                return there.number(asSeenBy: netlink) == namespace
            })
        else { return nil }
        return try? place.run { () throws(Errno) in try NetworkInterface(index: index).queues().sending }
    }
}
