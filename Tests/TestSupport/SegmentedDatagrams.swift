// SPDX-License-Identifier: BSD-2-Clause

import Glibc
import Linux
import SystemPackage

/// UDP packets that the sender's kernel cuts from one call's bytes (UDP_SEGMENT), so that they arrive close together.
public struct SegmentedDatagrams: ~Copyable {
    public static let size = 1000
    public static let perCall = 8
    private let fd: OwnedFD

    /// - Parameters:
    ///   - address: IPv4, to whose port ``VethPair/port`` they go from this thread's network namespace.
    public init(to address: String) throws {
        let fd = try Self.socket(address) { connect($0, $1, $2) }
        let udpLevel: CInt = 17
        let segment: CInt = 103
        var size = CInt(Self.size)
        guard setsockopt(fd.raw, udpLevel, segment, &size, socklen_t(MemoryLayout<CInt>.size)) == 0 else {
            throw Errno.last
        }
        self.fd = fd
    }

    /// Sends ``perCall`` packets, of which each has its number in each byte.
    public func send() throws {
        let bytes = (0..<Self.perCall).flatMap { [UInt8](repeating: UInt8($0), count: Self.size) }
        guard Glibc.send(fd.raw, bytes, bytes.count, 0) == bytes.count else { throw Errno.last }
    }

    /// Takes such packets where they arrive, in this thread's network namespace when it was made.
    public struct Receiver: ~Copyable {
        private let fd: OwnedFD

        public init(at address: String) throws {
            let fd = try SegmentedDatagrams.socket(address) { bind($0, $1, $2) }
            var room: CInt = 8 << 20
            guard setsockopt(fd.raw, SOL_SOCKET, SO_RCVBUFFORCE, &room, socklen_t(MemoryLayout<CInt>.size)) == 0 else {
                throw Errno.last
            }
            self.fd = fd
        }

        /// How often each packet of a call has come whole; takes what is there.
        public func counts() -> [Int] {
            var counts = [Int](repeating: 0, count: SegmentedDatagrams.perCall)
            var bytes = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = recv(fd.raw, &bytes, bytes.count, CInt(MSG_DONTWAIT))
                guard count >= 0 else { return counts }
                let number = bytes[0]
                guard count == SegmentedDatagrams.size, Int(number) < counts.count,
                    bytes[..<count].allSatisfy({ $0 == number })
                else { continue }
                counts[Int(number)] += 1
            }
        }
    }

    private static func socket(
        _ host: String, _ use: (CInt, UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) throws -> OwnedFD {
        let raw = Glibc.socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw Errno.last }
        let fd = OwnedFD(raw)
        try withAddress(host) { address, size in
            guard use(fd.raw, address, size) == 0 else { throw Errno.last }
        }
        return fd
    }
}
