// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// Sends UDP packets from the network namespace that this thread was in when it was made.
public struct UDPSender: ~Copyable {
    private let fd: OwnedFD

    /// - Parameters:
    ///   - address: IPv4, four bytes.
    ///   - buffer: bytes that packets may take in the kernel until they are received or dropped, with what the kernel needs for
    ///     each: sending waits for room (`SO_SNDBUF`, socket(7), which allows twice as many). Nil is the system's default.
    public init(to address: [UInt8], port: UInt16, buffer: Int? = nil) throws(Errno) {
        precondition(address.count == 4)
        let raw = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw Errno.last }
        let fd = OwnedFD(raw)
        if let buffer {
            var size = CInt(buffer)
            // The pointer is to an int, whose size goes along.
            let sized = unsafe setsockopt(fd.raw, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<CInt>.size))
            guard sized == 0 else { throw Errno.last }
        }
        var destination = sockaddr_in()
        destination.sin_family = sa_family_t(AF_INET)
        destination.sin_port = port.bigEndian
        destination.sin_addr.s_addr = address.reversed().reduce(0) { $0 << 8 | UInt32($1) }.littleEndian
        // The pointer is to a sockaddr_in, whose size goes along.
        let result = unsafe withUnsafeBytes(of: destination) { bytes in
            unsafe connect(fd.raw, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(bytes.count))
        }
        guard result == 0 else { throw Errno.last }
        self.fd = fd
    }

    /// Sends one packet. A refusal that an earlier packet met (nobody listens) is not this one's.
    public func send(_ payload: [UInt8]) throws(Errno) {
        while unsafe Glibc.send(fd.raw, payload, payload.count, 0) < 0 {
            guard Errno.last == .connectionRefused || Errno.last == .interrupted else { throw Errno.last }
        }
    }
}
