// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// Bytes behind a path, for calls that take nothing else (memfd_create(2)). Gone with this value.
public struct MemoryFile: ~Copyable, Sendable {
    private let fd: OwnedFD

    public var path: String { "/proc/self/fd/\(fd.raw)" }

    /// By which other processes of this user find the file.
    public var pathForOthers: String { "/proc/\(ProcessID.current)/fd/\(fd.raw)" }

    /// - Throws: `noFunction` (ENOSYS) without /proc, by way of which the path leads.
    public init(_ bytes: Span<UInt8>) throws(Errno) {
        let fd = OwnedFD(try check(unsafe linux_memfd_create("pktmeta")))
        // The kernel makes it anybody's.
        try check(fchmod(fd.raw, 0o600))
        _ = try fd.path
        var written = 0
        while written < bytes.count {
            // write(2) reads at most the bytes that are left.
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(fd.raw, $0.baseAddress.map { unsafe $0 + written }, bytes.count - written)
            }
            guard count > 0 else { throw Errno.last }
            written += count
        }
        self.fd = fd
    }
}
