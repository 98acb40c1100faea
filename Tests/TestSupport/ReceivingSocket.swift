// SPDX-License-Identifier: BSD-2-Clause

public import BPF
import CTestSupport
import Glibc
public import Linux
public import SystemPackage

/// A UDP socket that receives what is sent to a port of this thread's network namespace, in a group of its own (SO_REUSEPORT).
public struct ReceivingSocket: ~Copyable {
    private let fd: OwnedFD

    public init(port: UInt16) throws(Errno) {
        let raw = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw Errno.last }
        try self.init(OwnedFD(raw), port: port)
    }

    /// The same of a cgroup.
    public init(port: UInt16, of cgroup: ScratchCgroup) throws(Errno) {
        try self.init(cgroup.socket(), port: port)
    }

    private init(_ fd: consuming OwnedFD, port: UInt16) throws(Errno) {
        let raw = fd.raw
        var isShared: CInt = 1
        guard setsockopt(raw, SOL_SOCKET, SO_REUSEPORT, &isShared, socklen_t(MemoryLayout<CInt>.size)) == 0 else {
            throw Errno.last
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        let result = withUnsafeBytes(of: address) { bytes in
            bind(raw, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(bytes.count))
        }
        guard result == 0 else { throw Errno.last }
        self.fd = fd
    }

    public var descriptor: CInt { fd.raw }

    /// Sends packets to a port of this thread's network namespace, or of another host.
    public func send(_ count: Int, to address: [UInt8], port: UInt16) throws(Errno) {
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr.s_addr = address.reversed().reduce(0) { $0 << 8 | UInt32($1) }
        for number in 0..<count {
            let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 64)
            let result = withUnsafeBytes(of: target) { place in
                sendto(
                    fd.raw, bytes, bytes.count, 0, place.assumingMemoryBound(to: sockaddr.self).baseAddress,
                    socklen_t(place.count))
            }
            // A program that drops what is sent has the kernel say EPERM.
            if result < 0, errno != EPERM { throw Errno(rawValue: errno) }
        }
    }

    /// The bytes of the next packet's payload; nil if none is there.
    public func receive() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 2048)
        let count = recv(fd.raw, &bytes, bytes.count, CInt(MSG_DONTWAIT))
        return count < 0 ? nil : Array(bytes.prefix(count))
    }

    /// Has a program see each packet of the socket.
    public func attach(_ program: borrowing BPFProgram) throws(Errno) {
        _ = try checked(attach_to_socket(fd.raw, program.fd.raw))
    }

    /// Has a program choose among the group's sockets.
    public func attachToGroup(_ program: borrowing BPFProgram) throws(Errno) {
        _ = try checked(attach_to_group(fd.raw, program.fd.raw))
    }
}

/// Links of programs where pktmeta has no hook.
public enum OtherHooks {
    public static func rawTracepoint(_ name: String, _ program: borrowing BPFProgram) throws(Errno) -> OwnedFD {
        OwnedFD(try checked(attach_to_raw_tracepoint(name, program.fd.raw)))
    }

    /// Of a program that names its function itself: fentry and the like.
    public static func function(_ program: borrowing BPFProgram) throws(Errno) -> OwnedFD {
        OwnedFD(try checked(attach_to_function(program.fd.raw)))
    }

    /// Data that a connection's end receives, by a map for one socket.
    public static func stream(
        of connection: borrowing TCPConnection, _ map: borrowing BPFMap, _ program: borrowing BPFProgram
    ) throws(Errno) {
        _ = try checked(attach_to_stream(map.fd.raw, connection.fd.raw, program.fd.raw))
    }

    /// Packets to all sockets of the host, by its first cgroup.
    public static func rootCgroup(_ program: borrowing BPFProgram) throws -> OwnedFD {
        let folder = try ScratchFolder()
        guard mount("none", folder.path.string, "cgroup2", 0, nil) == 0 else { throw Errno(rawValue: errno) }
        defer { umount2(folder.path.string, CInt(MNT_DETACH)) }
        let cgroup = OwnedFD(open(folder.path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        return OwnedFD(try checked(attach_to_cgroup_ingress(cgroup.raw, program.fd.raw)))
    }
}

private func checked(_ result: CInt) throws(Errno) -> CInt {
    if result < 0 { throw Errno(rawValue: -result) }
    return result
}
