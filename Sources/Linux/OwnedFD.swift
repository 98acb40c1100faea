// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc
public import SystemPackage

/// A file descriptor with one owner, closed at the end of its life.
public struct OwnedFD: ~Copyable, Sendable {
    public let raw: CInt

    /// Takes over an open descriptor.
    public init(_ raw: CInt) {
        precondition(raw >= 0)
        self.raw = raw
    }

    deinit { Glibc.close(raw) }

    /// A second descriptor of the same file, closed on exec.
    public func duplicate() throws(Errno) -> OwnedFD {
        let copy = fcntl(raw, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw Errno.last }
        return OwnedFD(copy)
    }

    /// A path to this file, for calls that want one; good while the descriptor is open.
    public var procPath: String { "/proc/self/fd/\(raw)" }
}
