// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// A file descriptor with one owner, closed at the end of its life.
public struct OwnedFD: ~Copyable, Sendable {
    public let raw: CInt

    /// Takes over an open descriptor.
    public init(_ raw: CInt) {
        precondition(raw >= 0)
        self.raw = raw
    }

    deinit { Glibc.close(raw) }

    /// Takes a second descriptor, closed on exec, of a file that has another owner.
    public init(duplicating raw: CInt) throws(Errno) {
        let copy = fcntl(raw, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw Errno.last }
        self.init(copy)
    }

    /// A path of the open file itself, whatever it is called by now: for calls that take nothing but paths, as long as the
    /// descriptor is open.
    ///
    /// - Throws: `noFunction` (ENOSYS) without /proc, which would look as if the file were gone.
    public var path: FilePath {
        get throws(Errno) {
            let path = "/proc/self/fd/\(raw)"
            var information = stat()
            guard unsafe lstat(path, &information) == 0 else { throw .noFunction }
            return FilePath(path)
        }
    }

    /// Waits until something can be read, or the other end is gone.
    ///
    /// - Returns: whether it is so.
    public func waitUntilReadable(milliseconds: CInt) -> Bool {
        var asked = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
        // poll(2) writes to one pollfd.
        return unsafe poll(&asked, 1, milliseconds) == 1
    }

    /// For libraries that take a failure for lack of descriptors for something else.
    ///
    /// - Throws: `tooManyOpenFiles` (EMFILE) if this process may not open that many more.
    public static func expectRoom(for count: Int) throws(Errno) {
        var opened: [CInt] = []
        defer { for descriptor in opened { Glibc.close(descriptor) } }
        for _ in 0..<count {
            let descriptor = unsafe Glibc.open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { throw Errno.last }
            opened.append(descriptor)
        }
    }
}
