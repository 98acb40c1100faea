// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// What the kernel tells of interfaces of the network namespace that this was made in, as they come, change and go (rtnetlink(7),
/// RTNLGRP_LINK).
public struct LinkMonitor: ~Copyable {
    /// What was told since it was last asked for.
    public struct Changes: Sendable {
        /// The interfaces that came or changed and are still there, by index.
        public var changed: [UInt32: NetworkInterface] = [:]
        public var gone: Set<UInt32> = []
        /// Whether the kernel told more than it could keep: then anything may have changed.
        public var isIncomplete = false
    }

    private let socket: OwnedFD

    /// Bytes that the kernel keeps for it, of which a message about an interface takes some 2,500.
    private static let room: CInt = 8 << 20

    /// - Throws: what socket(2) or bind(2) refuse.
    public init() throws(Errno) {
        let opened = try Self.open()
        var room = Self.room
        // Without CAP_NET_ADMIN there is as much room as others have, and more is told to be incomplete.
        _ = unsafe setsockopt(opened.raw, SOL_SOCKET, SO_RCVBUFFORCE, &room, socklen_t(MemoryLayout<CInt>.size))
        try Self.subscribe(opened.raw)
        socket = opened
    }

    private static func open() throws(Errno) -> OwnedFD {
        let raw = Glibc.socket(
            AF_NETLINK, CInt(SOCK_RAW.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue),
            NETLINK_ROUTE)
        guard raw >= 0 else { throw .last }
        return OwnedFD(raw)
    }

    private static func subscribe(_ socket: CInt) throws(Errno) {
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        address.nl_groups = 1 << (UInt32(RTNLGRP_LINK.rawValue) - 1)
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            // bind(2) reads a sockaddr_nl, by its family.
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(socket, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
            }
        }
        guard result == 0 else { throw .last }
    }

    /// For poll(2).
    public var descriptor: CInt { socket.raw }

    /// Whatever was told so far; waits for nothing.
    public func changes() throws(Errno) -> Changes {
        var changes = Changes()
        var buffer = [UInt8](repeating: 0, count: 1 << 15)
        while true {
            let count = unsafe recv(socket.raw, &buffer, buffer.count, 0)
            if count < 0 {
                switch Errno.last {
                case .interrupted: continue
                case .wouldBlock: return changes
                case .noBufferSpace: changes.isIncomplete = true
                default: throw .last
                }
                continue
            }
            for (type, body) in Netlink.messages(buffer.prefix(count)) { changes.add(type, body) }
        }
    }
}

extension LinkMonitor.Changes {
    fileprivate mutating func add(_ type: Int, _ body: Netlink.Body) {
        guard let message = LinkMessage(body) else { return }
        switch type {
        case Int(RTM_NEWLINK):
            guard let interface = try? NetworkInterface(message) else { return }
            changed[message.index] = interface
            gone.remove(message.index)
        case Int(RTM_DELLINK):
            changed[message.index] = nil
            gone.insert(message.index)
        default: break
        }
    }
}
