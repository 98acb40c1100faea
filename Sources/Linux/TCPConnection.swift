// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// A socket that takes TCP connections, in the network namespace that this thread is in when it is made.
public struct TCPListener: ~Copyable {
    private let fd: OwnedFD

    /// On any address.
    public init(port: UInt16) throws(Errno) {
        let fd = try makeSocket()
        var one: CInt = 1
        try check(
            unsafe setsockopt(fd.raw, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size)) == 0)
        let raw = fd.raw
        try unsafe withAddress([0, 0, 0, 0], port) { unsafe bind(raw, $0, $1) }
        try check(listen(fd.raw, 1) == 0)
        self.fd = fd
    }

    // A process that another thread is about to start may hold a copy, which would listen on and keep the port.
    deinit { shutdown(fd.raw, CInt(SHUT_RDWR)) }

    /// Waits for a connection.
    public func accept() throws(Errno) -> TCPConnection {
        let raw = Glibc.accept(fd.raw, nil, nil)
        guard raw >= 0 else { throw Errno.last }
        return TCPConnection(OwnedFD(raw))
    }
}

/// One end of a TCP connection.
public struct TCPConnection: ~Copyable, Sendable {
    package let fd: OwnedFD

    fileprivate init(_ fd: consuming OwnedFD) { self.fd = fd }

    /// Connects from the network namespace that this thread is in.
    ///
    /// - Parameter address: IPv4, four bytes.
    public init(to address: [UInt8], port: UInt16) throws(Errno) {
        let fd = try makeSocket()
        let raw = fd.raw
        try unsafe withAddress(address, port) { unsafe connect(raw, $0, $1) }
        self.fd = fd
    }

    /// Sends all or a part.
    ///
    /// - Returns: how many bytes.
    public func send(_ bytes: [UInt8]) throws(Errno) -> Int {
        let count = unsafe Glibc.send(fd.raw, bytes, bytes.count, CInt(MSG_NOSIGNAL))
        guard count >= 0 else { throw Errno.last }
        return count
    }

    /// Receives what there is, and waits for it.
    ///
    /// - Returns: how many bytes, 0 if the other end sends no more.
    public func receive(into buffer: inout [UInt8]) throws(Errno) -> Int {
        let count = unsafe recv(fd.raw, &buffer, buffer.count, 0)
        guard count >= 0 else { throw Errno.last }
        return count
    }

    /// Sends no more, which the other end is told.
    public func finish() { shutdown(fd.raw, CInt(SHUT_WR)) }
}

private func makeSocket() throws(Errno) -> OwnedFD {
    let raw = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard raw >= 0 else { throw Errno.last }
    return OwnedFD(raw)
}

private func check(_ isDone: Bool) throws(Errno) {
    guard isDone else { throw Errno.last }
}

private func withAddress(
    _ address: [UInt8], _ port: UInt16, _ body: (UnsafePointer<sockaddr>?, socklen_t) -> CInt
) throws(Errno) {
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = port.bigEndian
    place.sin_addr.s_addr = address.reversed().reduce(0) { $0 << 8 | UInt32($1) }.littleEndian
    // The pointer is to a sockaddr_in, whose size goes along.
    let result = unsafe withUnsafeBytes(of: place) { bytes in
        unsafe body(bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(bytes.count))
    }
    try check(result == 0)
}
