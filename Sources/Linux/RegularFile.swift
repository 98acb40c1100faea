// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// Files that are read whole, and that may be anything that somebody has named.
public enum RegularFile {
    public enum Fault: Error, Equatable {
        case system(Errno)
        /// It is a device, a pipe, a socket: what may never end.
        case otherKind
        case tooLarge
    }

    /// What is in a file, and whose it is: of the one that was opened, whatever its path names by then.
    public struct Contents: Sendable {
        public let bytes: [UInt8]
        public let access: FileAccess
        public let identity: FileIdentity
        /// Where it lies, with no symbolic link on the way there; nil without /proc.
        public let realPath: FilePath?
    }

    /// All bytes of a regular file. Nothing waits: what is of another kind is opened, and not read.
    ///
    /// - Parameter limit: how many bytes it may have.
    public static func read(_ path: FilePath, upTo limit: Int) throws(Fault) -> [UInt8] {
        try contents(path, upTo: limit).bytes
    }

    /// The same, with whose it is.
    public static func contents(_ path: FilePath, upTo limit: Int) throws(Fault) -> Contents {
        // To open a FIFO would wait for who writes to it.
        try contents(upTo: limit) { try .open(path, .readOnly, options: [.closeOnExec, .nonBlocking]) }
    }

    /// The same of a name in a folder that is open.
    ///
    /// - Throws: `tooManySymbolicLinkLevels` (ELOOP) for a symbolic link.
    public static func contents(of entry: FolderEntry, upTo limit: Int) throws(Fault) -> Contents {
        try contents(upTo: limit) {
            let folder = try entry.openParent()
            let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW
            let file = unsafe openat(folder.raw, entry.name, flags)
            guard file >= 0 else { throw Errno.last }
            return FileDescriptor(rawValue: file)
        }
    }

    /// What comes in, to its end.
    public static func standardInput(upTo limit: Int) throws(Fault) -> [UInt8] {
        let bytes: [UInt8]?
        do {
            bytes = try FileDescriptor.standardInput.readAll(upTo: limit)
        } catch {
            throw .system((error as? Errno) ?? .ioError)
        }
        guard let bytes else { throw .tooLarge }
        return bytes
    }

    private static func contents(
        upTo limit: Int, opening: () throws -> FileDescriptor
    ) throws(Fault) -> Contents {
        do {
            let file = try opening()
            return try file.closeAfter { try contents(file, upTo: limit) }
        } catch let fault as Fault {
            throw fault
        } catch {
            throw .system((error as? Errno) ?? .ioError)
        }
    }

    private static func contents(_ file: FileDescriptor, upTo limit: Int) throws -> Contents {
        var information = stat()
        guard unsafe fstat(file.rawValue, &information) == 0 else { throw Errno.last }
        switch information.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw Errno.isDirectory
        default: throw Fault.otherKind
        }
        if information.st_size > limit { throw Fault.tooLarge }
        guard let bytes = try file.readAll(upTo: limit) else { throw Fault.tooLarge }
        return Contents(
            bytes: bytes, access: FileAccess(information), identity: FileIdentity(information),
            realPath: Folder.target(ofLink: FilePath("/proc/self/fd/\(file.rawValue)")).map { FilePath($0) })
    }
}
