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

    public init(of fd: borrowing OwnedFD) throws(Errno) {
        var info = stat()
        guard unsafe fstat(fd.raw, &info) == 0 else { throw Errno.last }
        self.init(info)
    }

    init(_ info: stat) {
        self.init(owner: info.st_uid, group: info.st_gid, bits: info.st_mode & 0o7777)
    }

    /// The same, for a folder: whoever may read it may also look up names in it.
    public var ofFolder: FileAccess {
        FileAccess(owner: owner, group: group, bits: bits | (bits & 0o444) >> 2)
    }

    /// Whether files that this process makes have that owner.
    public var isOfProcess: Bool { owner == ProcessID.user }

    /// Whether nobody but the owner may do anything.
    public var isOwnersAlone: Bool { bits & 0o077 == 0 }

    /// Gives a file or a folder this access.
    ///
    /// A symbolic link is refused, since it leads to someone else's file.
    ///
    /// - Throws: `notPermitted` (EPERM) if the process may not; `tooManySymbolicLinkLevels` (ELOOP) for a link.
    public func apply(to entry: FolderEntry) throws(Errno) {
        try apply(to: entry.openPlace())
    }

    /// Gives a file this access, or a folder and all below it: files this one, folders the same for folders.
    public func apply(toAllIn entry: FolderEntry) throws(Errno) {
        let place = try entry.openPlace()
        var info = stat()
        guard unsafe fstat(place.raw, &info) == 0 else { throw Errno.last }
        guard info.st_mode & S_IFMT == S_IFDIR else { return try apply(to: place) }
        for name in try entry.contents() { try apply(toAllIn: entry.appending(name)) }
        try ofFolder.apply(to: place)
    }

    private func apply(to place: borrowing OwnedFD) throws(Errno) {
        let has = try FileAccess(of: place)
        let path = try place.path.string
        // Open to no group but the right one; and who gives a file away may not change its bits any more.
        if has.group != group { try Self.checked(unsafe chown(path, .max, group)) }
        if has.bits != bits { try Self.checked(unsafe chmod(path, bits)) }
        if has.owner != owner { try Self.checked(unsafe chown(path, owner, .max)) }
    }

    private static func checked(_ result: CInt) throws(Errno) {
        guard result == 0 else { throw Errno.last }
    }
}
