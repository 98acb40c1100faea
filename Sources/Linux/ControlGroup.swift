// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// A cgroup of version 2, open.
public struct ControlGroup: ~Copyable, Sendable {
    public let fd: OwnedFD
    /// The kernel's number of it, which none other has had since boot.
    public let id: UInt64

    /// - Parameter path: the cgroup's folder.
    /// - Returns: nil if the folder is in no file system of cgroups of version 2.
    public init?(path: FilePath) throws(Errno) {
        let raw = unsafe path.withPlatformString { unsafe open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard raw >= 0 else { throw Errno.last }
        let fd = OwnedFD(raw)
        let magic = linux_filesystem_magic_of(fd.raw)
        guard magic >= 0 else { throw Errno(rawValue: CInt(-magic)) }
        guard magic == Self.magic else { return nil }
        var information = stat()
        guard unsafe fstat(fd.raw, &information) == 0 else { throw Errno.last }
        id = UInt64(information.st_ino)
        self.fd = fd
    }

    /// Whether it is the first of all, which has each socket of the host: not the one that a cgroup namespace shows as such.
    public var isRoot: Bool { id == 1 }

    /// Where it is now, with no symbolic link on the way; nil without /proc.
    public var realPath: FilePath? {
        (try? fd.path).flatMap(Folder.target).flatMap { $0.hasPrefix("/") ? FilePath($0) : nil }
    }

    /// CGROUP2_SUPER_MAGIC of linux/magic.h.
    private static let magic = 0x6367_7270
}
