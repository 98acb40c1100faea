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

    /// All bytes of a regular file. Nothing waits: what is of another kind is opened, and not read.
    ///
    /// - Parameter limit: how many bytes it may have.
    public static func read(_ path: FilePath, upTo limit: Int) throws(Fault) -> [UInt8] {
        do {
            // To open a FIFO would wait for who writes to it.
            let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
            return try file.closeAfter { try read(file, upTo: limit) }
        } catch let fault as Fault {
            throw fault
        } catch {
            throw .system((error as? Errno) ?? .ioError)
        }
    }

    private static func read(_ file: FileDescriptor, upTo limit: Int) throws -> [UInt8] {
        var information = stat()
        guard unsafe fstat(file.rawValue, &information) == 0 else { throw Errno.last }
        switch information.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw Errno.isDirectory
        default: throw Fault.otherKind
        }
        if information.st_size > limit { throw Fault.tooLarge }
        guard let bytes = try file.readAll(upTo: limit) else { throw Fault.tooLarge }
        return bytes
    }
}
