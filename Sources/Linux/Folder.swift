// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// Folders and the names in them: what a file system is asked beyond reading and writing.
public enum Folder {
    /// Names in a folder, without `.` and `..`, sorted.
    public static func names(in path: FilePath) throws(Errno) -> [String] {
        guard let stream = unsafe path.withPlatformString({ unsafe opendir($0) }) else { throw Errno.last }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            // d_name is NUL-terminated inside its array (readdir(3)).
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Where relative paths begin.
    public static var current: FilePath {
        guard let path = unsafe getcwd(nil, 0) else { return "/" }
        defer { unsafe free(path) }
        return unsafe FilePath(platformString: path)
    }

    /// Makes a folder and those above it, for its owner only.
    public static func make(_ path: FilePath) throws(Errno) {
        if exists(path) { return }
        var parent = path
        if parent.removeLastComponent(), !parent.isEmpty { try make(parent) }
        let result = unsafe path.withPlatformString { unsafe mkdir($0, 0o700) }
        guard result == 0 || Errno.last == .fileExists else { throw Errno.last }
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

    /// Whether there is a folder of that name itself: a symbolic link to one is none.
    public static func isFolder(_ path: FilePath) -> Bool {
        var information = stat()
        let result = unsafe path.withPlatformString { unsafe lstat($0, &information) }
        return result == 0 && information.st_mode & S_IFMT == S_IFDIR
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

    /// Has each of two paths name what the other did, at once.
    public static func exchange(_ path: FilePath, with other: FilePath) throws(Errno) {
        let result = unsafe path.withPlatformString { first in
            unsafe other.withPlatformString { unsafe linux_exchange(first, $0) }
        }
        try check(result)
    }

    /// Removes a file or a pin; it may be gone already.
    public static func unlink(_ path: FilePath) throws(Errno) {
        let result = unsafe path.withPlatformString { unsafe Glibc.unlink($0) }
        guard result == 0 || Errno.last == .noSuchFileOrDirectory else { throw Errno.last }
    }

    /// Removes an empty folder; it may be gone already.
    public static func remove(_ path: FilePath) throws(Errno) {
        let result = unsafe path.withPlatformString { unsafe rmdir($0) }
        guard result == 0 || Errno.last == .noSuchFileOrDirectory else { throw Errno.last }
    }
}
