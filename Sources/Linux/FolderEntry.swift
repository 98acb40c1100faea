// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// A name below an open folder, whether or not anything has it.
///
/// All that is done to it goes by descriptors, from the folder on. `tooManySymbolicLinkLevels` (ELOOP) is what each call
/// throws if a symbolic link stands where a folder should, `improperLink` (EXDEV) if something is mounted there, and
/// `permissionDenied` (EACCES) if it belongs to a user whom the folder does not trust.
public struct FolderEntry: Sendable, Hashable, CustomStringConvertible {
    public let folder: OpenFolder
    /// Empty for the folder itself.
    private let names: [String]

    init(_ folder: OpenFolder) {
        self.folder = folder
        names = []
    }

    private init(_ folder: OpenFolder, _ names: [String]) {
        self.folder = folder
        self.names = names
    }

    /// What a path names, where nobody minds symbolic links on the way there.
    public init(following path: FilePath) throws(Errno) {
        guard let name = path.lastComponent?.string else { throw .invalidArgument }
        let parent = path.removingLastComponent()
        self = try OpenFolder(parent.isEmpty ? "." : parent, followsLinks: true).entry.appending(name)
    }

    public func appending(_ name: String) -> FolderEntry { FolderEntry(folder, names + [name]) }

    /// The same among its neighbours with another name.
    public func renamed(_ name: String) -> FolderEntry { FolderEntry(folder, names.dropLast() + [name]) }

    public var name: String { names.last ?? folder.path.lastComponent?.string ?? "" }

    /// For messages.
    public var path: FilePath { names.reduce(folder.path) { $0.appending($1) } }
    public var description: String { path.string }

    public static func == (one: FolderEntry, other: FolderEntry) -> Bool {
        one.folder === other.folder && one.names == other.names
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(names) }

    // MARK: Looking

    public enum Kind: Sendable {
        case folder, link
        /// A pin, for one.
        case file
    }

    /// nil if nothing has that name.
    public func kind() throws(Errno) -> Kind? {
        guard let information = try information() else { return nil }
        return switch information.st_mode & S_IFMT {
        case S_IFDIR: .folder
        case S_IFLNK: .link
        default: .file
        }
    }

    /// Whether anything has that name, be it a symbolic link.
    public func exists() throws(Errno) -> Bool { try information() != nil }

    /// - Throws: `noSuchFileOrDirectory` if there is nothing.
    public func access() throws(Errno) -> FileAccess {
        guard let information = try information() else { throw .noSuchFileOrDirectory }
        return FileAccess(information)
    }

    /// nil if there is nothing.
    func identity() throws(Errno) -> FileIdentity? { try information().map(FileIdentity.init) }

    /// Names in this folder, without `.` and `..`, sorted.
    public func contents() throws(Errno) -> [String] {
        try Folder.names(in: openFolder())
    }

    /// A descriptor of what has that name, of any kind, good for no more than ``OwnedFD/path``.
    ///
    /// - Throws: `tooManySymbolicLinkLevels` (ELOOP) for a symbolic link.
    public func openPlace() throws(Errno) -> OwnedFD { try open(LINUX_PLACE) }

    /// A descriptor of a folder of that name, to be read and locked.
    func openFolder() throws(Errno) -> OwnedFD { try open(LINUX_FOLDER) }

    private func open(_ opening: linux_opening) throws(Errno) -> OwnedFD {
        guard names.allSatisfy(Self.isName) else { throw .invalidArgument }
        // joined(separator:) would look for conformances at run time, among all of the binary.
        let path = names.dropFirst().reduce(names.first ?? ".") { "\($0)/\($1)" }
        let fd = OwnedFD(try check(unsafe linux_open_beneath(folder.fd.raw, path, opening)))
        // Whether the folder itself is trusted is for its holder to say, who can see whose it is.
        if !names.isEmpty, try !folder.trusts(FileAccess(of: fd)) { throw .permissionDenied }
        return fd
    }

    /// A descriptor of the folder that it is in, good for calls that take a folder and a name.
    ///
    /// - Throws: `invalidArgument` (EINVAL) for the folder itself, and for what is no name.
    public func openParent() throws(Errno) -> OwnedFD {
        guard let name = names.last, Self.isName(name) else { throw .invalidArgument }
        return try FolderEntry(folder, names.dropLast()).open(LINUX_FOLDER_PLACE)
    }

    /// Whether something in a folder can be called so. What holds a slash, or goes up, is nobody's name.
    public static func isName(_ text: String) -> Bool {
        !text.utf8.contains(UInt8(ascii: "/")) && !["", ".", ".."].contains(text)
    }

    private func information() throws(Errno) -> stat? {
        do throws(Errno) {
            if names.isEmpty { return try information(of: openPlace()) }
            return try inParent { (parent, name) throws(Errno) in
                var information = stat()
                let result = unsafe fstatat(parent, name, &information, AT_SYMLINK_NOFOLLOW)
                guard result == 0 else { throw Errno.last }
                return information
            }
        } catch {
            if error == .noSuchFileOrDirectory || error == .notDirectory { return nil }
            throw error
        }
    }

    private func information(of fd: borrowing OwnedFD) throws(Errno) -> stat {
        var information = stat()
        guard unsafe fstat(fd.raw, &information) == 0 else { throw Errno.last }
        return information
    }

    // MARK: Changing

    /// Does something to the name, by the descriptor of the folder that it is in.
    private func inParent<Value>(_ body: (CInt, String) throws(Errno) -> Value) throws(Errno) -> Value {
        // Of the folder itself there is a descriptor.
        if names.count == 1, Self.isName(name) { return try body(folder.fd.raw, name) }
        let parent = try openParent()
        return try body(parent.raw, name)
    }

    /// Makes a folder, for its owner only; a folder may be there already.
    ///
    /// - Returns: whether there was none.
    @discardableResult
    public func makeFolder() throws(Errno) -> Bool {
        let isNew = try inParent { (parent, name) throws(Errno) in
            guard unsafe mkdirat(parent, name, 0o700) != 0 else { return true }
            guard Errno.last == .fileExists else { throw Errno.last }
            return false
        }
        _ = try open(LINUX_FOLDER_PLACE)
        return isNew
    }

    /// Removes a file, a pin or a symbolic link; it may be gone already.
    public func unlink() throws(Errno) { try unlink(flags: 0) }

    /// Removes an empty folder; it may be gone already.
    public func remove() throws(Errno) { try unlink(flags: AT_REMOVEDIR) }

    private func unlink(flags: CInt) throws(Errno) {
        do throws(Errno) {
            try inParent { (parent, name) throws(Errno) in
                guard unsafe unlinkat(parent, name, flags) == 0 else { throw Errno.last }
            }
        } catch .noSuchFileOrDirectory {}
    }

    public func rename(to new: FolderEntry) throws(Errno) {
        try inParent { (parent, name) throws(Errno) in
            try new.inParent { (newParent, newName) throws(Errno) in
                guard unsafe renameat(parent, name, newParent, newName) == 0 else { throw Errno.last }
            }
        }
    }

    /// Has each of two names name what the other did, at once.
    public func exchange(with other: FolderEntry) throws(Errno) {
        try inParent { (parent, name) throws(Errno) in
            try other.inParent { (otherParent, otherName) throws(Errno) in
                _ = try check(unsafe linux_exchange(parent, name, otherParent, otherName))
            }
        }
    }
}
