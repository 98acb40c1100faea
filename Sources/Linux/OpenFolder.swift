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

    /// - Parameter followsLinks: whether the path may lead through symbolic links.
    /// - Throws: `tooManySymbolicLinkLevels` (ELOOP) if it does and may not.
    public init(_ path: FilePath, followsLinks: Bool, trust: Trust = .everyone) throws(Errno) {
        fd = OwnedFD(try check(unsafe path.withPlatformString { unsafe linux_open_folder($0, followsLinks) }))
        access = try FileAccess(of: fd)
        self.path = path
        trusted =
            switch trust {
            case .everyone: nil
            case .oneself: [ProcessID.user, 0]
            case .owner: [ProcessID.user, 0, access.owner]
            }
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
