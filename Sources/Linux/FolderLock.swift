// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// An exclusive lock on a folder, held until the end of its life or of the process (flock(2)).
public struct FolderLock: ~Copyable {
    private let fd: OwnedFD

    /// Waits for the lock of a folder, which is made if it is missing.
    ///
    /// - Parameter timeout: how long to wait.
    /// - Throws: `resourceTemporarilyUnavailable` (EAGAIN) if someone else held it all that time.
    public init(_ path: FilePath, timeout: Duration) throws(Errno) {
        let deadline = ContinuousClock.now + timeout
        while true {
            try Self.make(path)
            let fd = try Self.open(path)
            while flock(fd.raw, LOCK_EX | LOCK_NB) != 0 {
                guard Errno.last == .wouldBlock || Errno.last == .interrupted else { throw Errno.last }
                guard ContinuousClock.now < deadline else { throw .wouldBlock }
                usleep(5000)
            }
            // Someone may have removed and remade the folder while we waited: then two would hold "the" lock.
            if try Self.identity(fd) == Self.identity(path) {
                self.fd = fd
                return
            }
            guard ContinuousClock.now < deadline else { throw .wouldBlock }
        }
    }

    private static func make(_ path: FilePath) throws(Errno) {
        let result = unsafe path.withPlatformString { unsafe mkdir($0, 0o700) }
        guard result == 0 || Errno.last == .fileExists else { throw Errno.last }
    }

    private static func open(_ path: FilePath) throws(Errno) -> OwnedFD {
        let raw = unsafe path.withPlatformString { unsafe Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard raw >= 0 else { throw Errno.last }
        return OwnedFD(raw)
    }

    private static func identity(_ fd: borrowing OwnedFD) throws(Errno) -> [UInt64] {
        var info = stat()
        guard unsafe fstat(fd.raw, &info) == 0 else { throw Errno.last }
        return [UInt64(info.st_dev), UInt64(info.st_ino)]
    }

    /// Of what is there now; nil if nothing is. Takes no descriptor: there may be none left to have.
    private static func identity(_ path: FilePath) throws(Errno) -> [UInt64]? {
        var info = stat()
        if unsafe path.withPlatformString({ unsafe stat($0, &info) }) != 0 {
            guard Errno.last == .noSuchFileOrDirectory else { throw Errno.last }
            return nil
        }
        return [UInt64(info.st_dev), UInt64(info.st_ino)]
    }
}
