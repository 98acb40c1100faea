// SPDX-License-Identifier: BSD-2-Clause

import Glibc
import Linux
import SystemPackage

/// What comes from a port of its own each time, out of this thread's network namespace.
public enum NewPort {
    /// - Parameter address: of IPv4 or IPv6.
    public static func sendDatagram(to address: String, port: UInt16, _ payload: [UInt8]) throws(Errno) {
        let fd = try connected(SOCK_DGRAM, to: address, port)
        while send(fd.raw, payload, payload.count, 0) < 0 {
            guard Errno.last == .connectionRefused || Errno.last == .interrupted else { throw Errno.last }
        }
    }

    /// Makes a TCP connection, and closes it.
    public static func connect(to address: String, port: UInt16) throws(Errno) {
        _ = try connected(SOCK_STREAM, to: address, port)
    }

    private static func connected(
        _ type: __socket_type, to address: String, _ port: UInt16
    ) throws(Errno) -> OwnedFD {
        let isIPv6 = address.contains(":")
        let raw = socket(isIPv6 ? AF_INET6 : AF_INET, CInt(type.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw Errno.last }
        let fd = OwnedFD(raw)
        var (v4, v6) = (sockaddr_in(), sockaddr_in6())
        (v4.sin_family, v4.sin_port) = (sa_family_t(AF_INET), port.bigEndian)
        (v6.sin6_family, v6.sin6_port) = (sa_family_t(AF_INET6), port.bigEndian)
        let isAddress =
            isIPv6 ? inet_pton(AF_INET6, address, &v6.sin6_addr) : inet_pton(AF_INET, address, &v4.sin_addr)
        precondition(isAddress == 1)
        func connect(_ bytes: UnsafeRawBufferPointer) -> CInt {
            Glibc.connect(raw, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(bytes.count))
        }
        let result = isIPv6 ? withUnsafeBytes(of: v6, connect) : withUnsafeBytes(of: v4, connect)
        guard result == 0 else { throw Errno.last }
        return fd
    }
}
