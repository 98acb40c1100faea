// SPDX-License-Identifier: BSD-2-Clause

import CTestSupport
import Glibc
import Linux
import SystemPackage

/// A socket that sees all packets of this thread's network namespace (packet(7)).
public struct PacketTap: ~Copyable, Sendable {
    private let fd: OwnedFD

    /// - Parameters:
    ///   - ifindex: sees those of this interface only; nil for those of all.
    ///   - hasRing: whether the kernel copies packets into a ring for it, as for tcpdump; else it shares them.
    public init(on ifindex: UInt32? = nil, hasRing: Bool = false) throws(Errno) {
        let allProtocols: UInt16 = 3  // ETH_P_ALL
        let raw = socket(AF_PACKET, CInt(SOCK_RAW.rawValue) | CInt(SOCK_CLOEXEC.rawValue), CInt(allProtocols.bigEndian))
        guard raw >= 0 else { throw Errno.last }
        let socket = OwnedFD(raw)
        let bound = ifindex.map { bind_packet_socket(raw, $0) } ?? 0
        guard bound == 0 else { throw Errno(rawValue: -bound) }
        let ring = hasRing ? make_packet_ring(raw) : 0
        guard ring == 0 else { throw Errno(rawValue: -ring) }
        fd = socket
    }

    /// Whether a packet has come; takes it.
    public func hasSeenPacket() -> Bool {
        var byte: UInt8 = 0
        return recv(fd.raw, &byte, 1, CInt(MSG_DONTWAIT) | CInt(MSG_TRUNC)) > 0
    }
}

/// Bytes from the near end of a pair to the far one, over TCP, by one thread.
public enum TCPTransfer {
    public struct TimedOut: Error {}

    /// - Throws: ``TimedOut`` if they have not all arrived after a few seconds.
    public static func run(_ count: Int, over pair: VethPair) throws {
        let listener = try pair.inReceiver { try tcpSocket() }
        // A process that another thread is about to start may hold a copy, which would listen on.
        defer { shutdown(listener.raw, CInt(SHUT_RDWR)) }
        var isReused: CInt = 1  // the port may be an earlier transfer's
        try checked(
            setsockopt(listener.raw, SOL_SOCKET, SO_REUSEADDR, &isReused, socklen_t(MemoryLayout<CInt>.size)))
        try withAddress(VethPair.farAddress) { address, size in try checked(bind(listener.raw, address, size)) }
        try checked(listen(listener.raw, 1))
        let sender = try pair.inSender { try tcpSocket() }
        // The kernel finishes the handshake by itself.
        try withAddress(VethPair.farAddress) { address, size in try checked(connect(sender.raw, address, size)) }
        let receiver = OwnedFD(try checked(accept(listener.raw, nil, nil)))
        try transfer(count, from: sender, to: receiver)
    }

    private static func transfer(_ count: Int, from sender: borrowing OwnedFD, to receiver: borrowing OwnedFD) throws {
        let deadline = ContinuousClock.now + .seconds(10)
        var chunk = [UInt8](repeating: 0x5a, count: 1 << 17)
        var sent = 0
        var received = 0
        while received < count {
            let room = min(chunk.count, count - sent)
            let out = room > 0 ? Glibc.send(sender.raw, chunk, room, CInt(MSG_DONTWAIT)) : 0
            sent += max(out, 0)
            let came = recv(receiver.raw, &chunk, chunk.count, CInt(MSG_DONTWAIT))
            received += max(came, 0)
            if out <= 0, came <= 0 { Pause.sleep(milliseconds: 1) }
            guard ContinuousClock.now < deadline else { throw TimedOut() }
        }
    }

    /// A socket on which connect and accept give up after a few seconds (socket(7)).
    private static func tcpSocket() throws(Errno) -> OwnedFD {
        let fd = OwnedFD(try checked(socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)))
        var timeout = timeval(tv_sec: 5, tv_usec: 0)
        for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
            try checked(setsockopt(fd.raw, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size)))
        }
        return fd
    }

    @discardableResult
    private static func checked(_ result: CInt) throws(Errno) -> CInt {
        guard result >= 0 else { throw Errno.last }
        return result
    }
}

/// Sends IPv4 packets to the far end whose header the caller writes; the kernel fills in the checksum (raw(7)).
public struct RawIPSender: ~Copyable {
    private let fd: OwnedFD

    public init() throws(Errno) {
        let raw = socket(AF_INET, CInt(SOCK_RAW.rawValue) | CInt(SOCK_CLOEXEC.rawValue), CInt(IPPROTO_RAW))
        guard raw >= 0 else { throw Errno.last }
        fd = OwnedFD(raw)
    }

    public func send(_ packet: [UInt8]) throws {
        try withAddress(VethPair.farAddress) { address, size in
            guard sendto(fd.raw, packet, packet.count, 0, address, size) == packet.count else { throw Errno.last }
        }
    }
}

/// Calls with a sockaddr_in of VethPair's port.
func withAddress(_ host: String, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Void) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = VethPair.port.bigEndian
    inet_pton(AF_INET, host, &address.sin_addr)
    try withUnsafePointer(to: address) { pointer in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            try body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}
