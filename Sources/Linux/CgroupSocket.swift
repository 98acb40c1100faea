// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

extension ControlGroup {
    /// A socket that belongs to the cgroup, in this thread's network namespace. No process is moved.
    ///
    /// - Parameters:
    ///   - family: AF_INET or AF_INET6.
    ///   - type: SOCK_DGRAM or SOCK_STREAM.
    public borrowing func socket(family: CInt, type: CInt) throws(Errno) -> OwnedFD {
        OwnedFD(try check(linux_socket_in_cgroup(fd.raw, family, type)))
    }
}

/// A socket of a cgroup that receives what it sends, by the loopback interface of the network namespace that this thread was
/// in when it was made.
public struct LoopbackSocket: ~Copyable {
    public enum Kind: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
        case ipv4Datagrams = "UDP over IPv4"
        case ipv6Datagrams = "UDP over IPv6"
        case stream = "TCP"

        fileprivate var family: CInt { self == .ipv6Datagrams ? AF_INET6 : AF_INET }
        fileprivate var type: __socket_type { self == .stream ? SOCK_STREAM : SOCK_DGRAM }
        public var description: String { rawValue }
    }

    /// What was read.
    public struct Message: Sendable {
        public let bytes: [UInt8]
        /// When it came, of sockets that have asked for that (SCM_TIMESTAMPNS).
        public let seconds: Int
        public let nanoseconds: Int
        /// Its mark, of sockets that have asked for that (SO_RCVMARK).
        public let mark: UInt32
    }

    private let fd: OwnedFD

    /// - Throws: `addressFamilyNotSupported` or `addressNotAvailable` if the namespace has no IPv6.
    public init(_ kind: Kind, of cgroup: borrowing ControlGroup) throws(Errno) {
        let fd = try cgroup.socket(family: kind.family, type: CInt(kind.type.rawValue))
        try check(linux_connect_to_itself(fd.raw, kind.family))
        if kind == .stream {
            // Each write is a packet.
            var one: CInt = 1
            let result = unsafe setsockopt(
                fd.raw, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
            guard result == 0 else { throw Errno.last }
        }
        self.fd = fd
    }

    public var descriptor: CInt { fd.raw }

    public func send(_ bytes: [UInt8]) throws(Errno) {
        guard unsafe Glibc.send(fd.raw, bytes, bytes.count, CInt(MSG_NOSIGNAL)) >= 0 else { throw Errno.last }
    }

    /// Waits until there is something to read.
    ///
    /// - Returns: whether there is.
    public func waitUntilReadable(milliseconds: CInt) -> Bool {
        fd.waitUntilReadable(milliseconds: milliseconds)
    }

    /// Reads a datagram or bytes, at most that many.
    public func receive(_ most: Int) throws(Errno) -> Message {
        var bytes = [UInt8](repeating: 0, count: most)
        var message = linux_message()
        try check(unsafe linux_receive_message(fd.raw, &bytes, most, &message))
        return Message(
            bytes: Array(bytes.prefix(message.size)), seconds: Int(message.seconds),
            nanoseconds: Int(message.nanoseconds), mark: message.mark)
    }
}
