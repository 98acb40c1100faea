// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc
internal import PktmetaABI

/// Why there is no value.
public struct SocketFieldError: Error, Sendable, Hashable, CustomStringConvertible {
    /// As errors of pktmeta/socket.h, by errno.
    public enum Code: Sendable, Hashable {
        /// ENOPROTOOPT: no program is attached to this socket's cgroup, or not for that way to ask.
        case unanswered
        /// EPROTONOSUPPORT: neither plain UDP nor TCP.
        case otherSocket
        /// ENOENT: no such field, or the packet does not carry it.
        case noField
        /// EACCES: registered as none for sockets.
        case notForSockets
        /// EINVAL: the size is not the field's.
        case size
        /// EBADMSG: nothing has looked at the datagram's checksum, and the kernel cannot be had to.
        case unchecked
        /// EAGAIN: nothing is there to be read.
        case nothingThere
        /// ENODATA: TCP has merged the bytes of several packets.
        case merged
        /// ESTALE: the packet came before it was asked for, or too long ago.
        case stale
        /// EFAULT: the packet has no area, or one that is older than the field.
        case noArea
        /// Another errno.
        case system
    }

    public let code: Code
    /// Positive.
    public let errno: CInt

    init(errno: CInt) {
        self.errno = errno
        code = Self.codes.first { $0.errno == errno }?.code ?? .system
    }

    init(code: Code) {
        self.code = code
        errno = Self.codes.first { $0.code == code }?.errno ?? 0
    }

    private static let codes: [(errno: CInt, code: Code)] = [
        (ENOPROTOOPT, .unanswered), (EPROTONOSUPPORT, .otherSocket), (ENOENT, .noField), (EACCES, .notForSockets),
        (EINVAL, .size), (EBADMSG, .unchecked), (EAGAIN, .nothingThere), (ENODATA, .merged), (ESTALE, .stale),
        (EFAULT, .noArea),
    ]

    /// - Parameter err: 0 or more, or a negative errno.
    static func check(_ err: CInt) throws(SocketFieldError) {
        if err < 0 { throw SocketFieldError(errno: -err) }
    }

    public var description: String { unsafe String(cString: pktmeta_socket_error(-errno)) }
}
