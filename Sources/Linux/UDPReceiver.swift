// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// A socket that takes UDP packets, in the network namespace that this thread was in when it was made.
public struct UDPReceiver: ~Copyable {
    private let fd: OwnedFD

    /// On any address.
    ///
    /// - Parameter buffer: bytes that packets may take in the kernel until they are read, with what the kernel needs for each.
    ///   Takes CAP_NET_ADMIN.
    public init(port: UInt16, buffer: Int) throws(Errno) {
        let raw = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw Errno.last }
        let fd = OwnedFD(raw)
        var size = CInt(buffer)
        // The pointer is to an int, whose size goes along.
        let sized = unsafe setsockopt(
            fd.raw, SOL_SOCKET, SO_RCVBUFFORCE, &size, socklen_t(MemoryLayout<CInt>.size))
        guard sized == 0 else { throw Errno.last }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        // The pointer is to a sockaddr_in, whose size goes along.
        let result = unsafe withUnsafeBytes(of: address) { bytes in
            unsafe bind(fd.raw, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(bytes.count))
        }
        guard result == 0 else { throw Errno.last }
        self.fd = fd
    }

    /// Reads all packets that have come, and waits for none.
    ///
    /// - Returns: how many.
    public func readAll() throws(Errno) -> Int {
        var count = 0
        var byte: UInt8 = 0
        while true {
            // The kernel writes the first byte of a packet, if it has one.
            if unsafe recv(fd.raw, &byte, 1, CInt(MSG_DONTWAIT)) >= 0 {
                count += 1
            } else if Errno.last == .wouldBlock {
                return count
            } else if Errno.last != .interrupted {
                throw Errno.last
            }
        }
    }
}
