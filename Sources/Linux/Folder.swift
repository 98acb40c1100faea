// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// Folders and the names in them: what a file system is asked beyond reading and writing.
public enum Folder {
    /// Names in a folder, without `.` and `..`, sorted.
    public static func names(in path: FilePath) throws(Errno) -> [String] {
        let fd = unsafe path.withPlatformString { unsafe open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard fd >= 0 else { throw Errno.last }
        return try names(in: OwnedFD(fd))
    }

    /// The same of an open folder.
    ///
    /// - Throws: also what keeps from reading it to its end.
    static func names(in fd: borrowing OwnedFD) throws(Errno) -> [String] {
        // The stream closes a descriptor of its own.
        let copy = fcntl(fd.raw, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw Errno.last }
        guard let stream = unsafe fdopendir(copy) else {
            let error = Errno.last
            close(copy)
            throw error
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            // Only errno tells the end of a folder from a failure (readdir(3)).
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                guard errno == 0 else { throw Errno.last }
                return names.sorted()
            }
            // d_name is NUL-terminated inside its array (readdir(3)).
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    /// Where relative paths begin.
    public static var current: FilePath {
        guard let path = unsafe getcwd(nil, 0) else { return "/" }
        defer { unsafe free(path) }
        return unsafe FilePath(platformString: path)
    }

    public static func exists(_ path: FilePath) -> Bool {
        unsafe path.withPlatformString { unsafe access($0, F_OK) } == 0
    }

    /// What is there of a path: itself, or the lowest folder above it; nil for a relative path of which nothing is there.
    public static func lowestExisting(on path: FilePath) -> FilePath? {
        var lowest = path
        while !exists(lowest) {
            guard lowest.removeLastComponent() else { return nil }
        }
        return lowest
    }

    /// Whether this process may make names there.
    public static func isWritable(_ path: FilePath) -> Bool {
        unsafe path.withPlatformString { unsafe linux_check_writable($0) } == 0
    }

    /// Where a symbolic link points to, as it is written there; nil if there is none.
    public static func target(ofLink path: FilePath) -> String? {
        var text = [UInt8](repeating: 0, count: 4096)
        let count = text.count
        // readlink(2) writes at most that many bytes, without a NUL.
        let length = unsafe path.withPlatformString { link in
            unsafe text.withUnsafeMutableBytes { buffer in
                unsafe buffer.baseAddress.map { unsafe readlink(link, $0, count) } ?? -1
            }
        }
        return length < 0 ? nil : String(decoding: text.prefix(length), as: UTF8.self)
    }

    public static func rename(_ old: FilePath, to new: FilePath) throws(Errno) {
        let result = unsafe old.withPlatformString { oldPath in
            unsafe new.withPlatformString { unsafe Glibc.rename(oldPath, $0) }
        }
        guard result == 0 else { throw Errno.last }
    }

    /// Removes a file or a pin; it may be gone already.
    public static func unlink(_ path: FilePath) throws(Errno) {
        let result = unsafe path.withPlatformString { unsafe Glibc.unlink($0) }
        guard result == 0 || Errno.last == .noSuchFileOrDirectory else { throw Errno.last }
    }
}
