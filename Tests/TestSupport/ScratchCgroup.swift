// SPDX-License-Identifier: BSD-2-Clause

import Glibc
import Linux
import Synchronization
public import SystemPackage

private let counter = Atomic<Int>(0)

/// A cgroup of version 2 of a test's own, in a mount of its own, removed at the end of its life.
public final class ScratchCgroup: @unchecked Sendable {
    /// The folder of the cgroup.
    public let path: FilePath
    private let mounted: ScratchFolder?
    private let parent: ScratchCgroup?

    public init() throws {
        let folder = try ScratchFolder()
        guard mount("none", folder.path.string, "cgroup2", 0, nil) == 0 else { throw Errno(rawValue: errno) }
        let number = counter.add(1, ordering: .relaxed).newValue
        path = folder.path.appending("pktmeta-test-\(ProcessID.current)-\(number)")
        (mounted, parent) = (folder, nil)
        guard mkdir(path.string, 0o755) == 0 else { throw Errno(rawValue: errno) }
    }

    private init(_ name: String, in parent: ScratchCgroup) throws {
        path = parent.path.appending(name)
        (mounted, self.parent) = (nil, parent)
        guard mkdir(path.string, 0o755) == 0 else { throw Errno(rawValue: errno) }
    }

    deinit {
        try? remove()
        if let mounted { umount2(mounted.path.string, CInt(MNT_DETACH)) }
    }

    /// Another one below it.
    public func child(_ name: String) throws -> ScratchCgroup { try ScratchCgroup(name, in: self) }

    /// The first of all, in the same mount.
    public var root: FilePath { parent?.root ?? path.removingLastComponent() }

    /// Removes it now. A child that made a socket may be a while on its way out.
    public func remove() throws {
        let isRemoved = eventually { rmdir(path.string) == 0 || errno == ENOENT }
        if !isRemoved { throw Errno(rawValue: errno) }
    }

    /// The kernel's number of it.
    public var id: UInt64 {
        var information = stat()
        return stat(path.string, &information) == 0 ? UInt64(information.st_ino) : 0
    }

    /// A UDP socket of it, in this thread's network namespace.
    func socket() throws(Errno) -> OwnedFD {
        guard let group = try ControlGroup(path: path) else { throw .noSuchFileOrDirectory }
        return try group.socket(family: AF_INET, type: CInt(SOCK_DGRAM.rawValue))
    }
}
