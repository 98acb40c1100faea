// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// Who may do what with a file: its owner, its group, and the permission bits.
public struct FileAccess: Sendable, Hashable {
    public var owner: UInt32
    public var group: UInt32
    /// As in chmod(1), without the kind of file: 0o640.
    public var bits: UInt32

    public init(owner: UInt32, group: UInt32, bits: UInt32) {
        self.owner = owner
        self.group = group
        self.bits = bits
    }

    /// What a file has; of a symbolic link, itself.
    public init(of path: FilePath) throws(Errno) {
        var info = stat()
        guard unsafe path.withPlatformString({ unsafe lstat($0, &info) }) == 0 else { throw Errno.last }
        self.init(info)
    }

    private init(_ info: stat) {
        self.init(owner: info.st_uid, group: info.st_gid, bits: info.st_mode & 0o7777)
    }

    /// The same, for a folder: whoever may read it may also look up names in it.
    public var ofFolder: FileAccess {
        FileAccess(owner: owner, group: group, bits: bits | (bits & 0o444) >> 2)
    }

    /// Whether files that this process makes have that owner.
    public var isOfProcess: Bool { owner == geteuid() }

    /// Gives a file or a folder this access.
    ///
    /// A symbolic link is refused, since it leads to someone else's file.
    ///
    /// - Throws: `notPermitted` (EPERM) if the process may not; `tooManySymbolicLinkLevels` (ELOOP) for a link.
    public func apply(to path: FilePath) throws(Errno) {
        try apply(to: Place.open(path))
    }

    /// Gives a file this access, or a folder and all below it: files this one, folders the same for folders.
    public func apply(toAllIn path: FilePath) throws(Errno) {
        let place = try Place.open(path)
        guard place.isFolder else { return try apply(to: place) }
        for name in try Folder.names(in: place.path) { try apply(toAllIn: place.path.appending(name)) }
        try ofFolder.apply(to: place)
    }

    private func apply(to place: borrowing Place) throws(Errno) {
        let path = place.path.string
        // Open to no group but the right one; and who gives a file away may not change its bits any more.
        if place.access.group != group { try Self.checked(unsafe chown(path, .max, group)) }
        if place.access.bits != bits { try Self.checked(unsafe chmod(path, bits)) }
        if place.access.owner != owner { try Self.checked(unsafe chown(path, owner, .max)) }
    }

    /// A file that stays the one that was looked at, whatever its path names by then.
    private struct Place: ~Copyable {
        let fd: OwnedFD
        let access: FileAccess
        let isFolder: Bool

        static func open(_ path: FilePath) throws(Errno) -> Place {
            let fd = OwnedFD(try check(unsafe path.withPlatformString { unsafe linux_open_place($0) }))
            var info = stat()
            try checked(unsafe fstat(fd.raw, &info))
            guard info.st_mode & S_IFMT != S_IFLNK else { throw .tooManySymbolicLinkLevels }
            return Place(fd: fd, access: FileAccess(info), isFolder: info.st_mode & S_IFMT == S_IFDIR)
        }

        var path: FilePath { FilePath("/proc/self/fd/\(fd.raw)") }
    }

    private static func checked(_ result: CInt) throws(Errno) {
        guard result == 0 else { throw Errno.last }
    }

    /// The number of a group, by name or as a number; nil if there is none of that name.
    public static func group(named name: String) throws(Errno) -> UInt32? {
        if let number = UInt32(name) { return number }
        // A static binary cannot ask by getgrnam_r(3): what /etc/nsswitch.conf names is loaded from the host, and crashes
        // with a C library of its own. getent(1) says `name:password:number:members`.
        let answer = try ChildProcess.run(["getent", "group", "--", name])
        switch answer.status {
        case 0:
            return answer.output.split(separator: ":", omittingEmptySubsequences: false).dropFirst(2).first.flatMap {
                UInt32($0)
            }
        case 2: return nil
        default: throw .ioError
        }
    }
}
