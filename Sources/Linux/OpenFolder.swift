// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// A folder that this process holds open, so that it stays the same one whatever its path names by then.
///
/// What lies below is a ``FolderEntry``, and is reached from this folder's descriptor without following a symbolic link
/// and without leaving its file system (openat2(2)): whoever may write in there cannot lead this process elsewhere.
public final class OpenFolder: Sendable {
    /// Whose files are opened below the folder.
    public enum Trust: Sendable {
        case everyone
        /// This process's user, and root, who can do all that a process of another user can.
        case oneself
        /// The same, and the owner of the folder.
        case owner
    }

    /// As it was named; for messages.
    public let path: FilePath
    /// As it was when it was opened.
    public let access: FileAccess
    let fd: OwnedFD
    /// nil: everyone.
    private let trusted: Set<UInt32>?

    /// - Parameter followsLinks: whether the path may lead through symbolic links. The one to the root folder of the
    ///   mount namespace around this process's own (``MountNamespace``) is always followed: only its first process, or
    ///   an ancestor of this one, could make it lead elsewhere.
    /// - Throws: `tooManySymbolicLinkLevels` (ELOOP) if it does and may not.
    public init(_ path: FilePath, followsLinks: Bool, trust: Trust = .everyone) throws(Errno) {
        fd = try Self.open(path, followsLinks: followsLinks)
        access = try FileAccess(of: fd)
        self.path = path
        trusted =
            switch trust {
            case .everyone: nil
            case .oneself: [ProcessID.user, 0]
            case .owner: [ProcessID.user, 0, access.owner]
            }
    }

    /// The root folder of another mount namespace is reached through a link of the kernel, which has to be followed. The
    /// rest of the path begins at that folder.
    private static func open(_ path: FilePath, followsLinks: Bool) throws(Errno) -> OwnedFD {
        var rest = path
        guard !followsLinks, let root = MountNamespace.root(above: path), rest.removePrefix(root) else {
            return try open(path, in: AT_FDCWD, followsLinks: followsLinks)
        }
        let folder = try open(root, in: AT_FDCWD, followsLinks: true)
        return try open(rest.isEmpty ? "." : rest, in: folder.raw, followsLinks: false)
    }

    private static func open(_ path: FilePath, in folder: CInt, followsLinks: Bool) throws(Errno) -> OwnedFD {
        OwnedFD(try check(unsafe path.withPlatformString { unsafe linux_open_folder(folder, $0, followsLinks) }))
    }

    /// The folder itself, as an entry.
    public var entry: FolderEntry { FolderEntry(self) }

    /// f_type of statfs(2).
    public func fileSystemMagic() throws(Errno) -> Int {
        let magic = linux_filesystem_magic_of(fd.raw)
        guard magic >= 0 else { throw Errno(rawValue: CInt(-magic)) }
        return magic
    }

    /// Whether files with that owner are opened below.
    public func trusts(_ access: FileAccess) -> Bool { trusted.map { $0.contains(access.owner) } ?? true }

    /// Whether this process may make and remove names in it.
    public var isWritable: Bool { (try? fd.path).map(Folder.isWritable) ?? false }

    /// Whether a file system is mounted at the folder: what is above belongs to another.
    public var isMountRoot: Bool {
        get throws(Errno) {
            var above = stat()
            guard unsafe fstatat(fd.raw, "..", &above, 0) == 0 else { throw Errno.last }
            return try FileIdentity(of: fd).device != above.st_dev
        }
    }

    /// Where the folder is now, with no symbolic link on the way; nil without /proc, or if it was removed.
    public var realPath: FilePath? {
        (try? fd.path).flatMap(Folder.target).flatMap { $0.hasPrefix("/") ? FilePath($0) : nil }
    }

    /// Removes the folder, if it is empty and still what its path names; it may be gone already.
    public func remove() throws(Errno) {
        guard let name = path.lastComponent?.string else { throw .resourceBusy }
        do throws(Errno) {
            let parent = try OpenFolder(path.removingLastComponent(), followsLinks: false).entry.appending(name)
            guard try parent.identity() == entry.identity() else { return }
            try parent.remove()
        } catch .noSuchFileOrDirectory {}
    }
}
