// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// Files that are written whole or not at all, or read whole.
public enum WholeFile {
    /// All bytes of a file, also of one in /proc that claims to have none.
    public static func read(_ path: FilePath) throws(Errno) -> [UInt8] {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
            return try file.closeAfter { try file.readAll() } ?? []
        } catch {
            throw (error as? Errno) ?? .ioError
        }
    }

    public static func text(_ path: FilePath) throws(Errno) -> String {
        String(decoding: try read(path), as: UTF8.self)
    }

    /// Has a path name a file with these bytes.
    ///
    /// They are written under a temporary name beside it, which is renamed: whoever reads the path meanwhile gets the
    /// file as it was before. A file that was there gives its owner, group and mode to the new one. A symbolic link stays
    /// and its target is replaced; what is no regular file, or is this process's output, as /dev/stdout is, is written to
    /// as it is.
    ///
    /// - Parameter isSecret: whether nobody but this process's user is to read it.
    /// - Throws: `permissionDenied` (EACCES) for a secret where something of somebody else's is; `notPermitted` (EPERM) if the file that was there is another user's or group's, to whom this process may
    ///   not give the new one.
    public static func write(_ bytes: [UInt8], to path: FilePath, isSecret: Bool = false) throws(Errno) {
        let target = try resolved(path)
        var existing = status(of: target)
        // Whose it is reads it; what a terminal shows is for who sits there.
        if isSecret, let existing, existing.st_uid != ProcessID.user, existing.st_mode & S_IFMT != S_IFCHR {
            throw .permissionDenied
        }
        if let existing, isOutput(existing) { return try fillOutput(bytes) }
        if isSecret { existing?.st_mode &= ~0o077 }
        if let existing, existing.st_mode & S_IFMT != S_IFREG {
            return try fill(target, bytes, options: [.closeOnExec], permissions: [], isLasting: false)
        }
        guard let name = target.lastComponent else { throw .isDirectory }
        // A name that nobody can foresee, and that must be new, since the folder may be anyone's to write to.
        let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
        let temporary = target.removingLastComponent().appending(".\(name.string).\(suffix)")
        do throws(Errno) {
            try fill(
                temporary, bytes, options: [.closeOnExec, .create, .exclusiveCreate],
                permissions: existing == nil && !isSecret
                    ? [.ownerReadWrite, .groupReadWrite, .otherReadWrite] : .ownerReadWrite,
                like: existing, isLasting: true)
            try Folder.rename(temporary, to: target)
        } catch {
            try? Folder.unlink(temporary)
            throw error
        }
    }

    /// To replace it would take away what others have written there before, and will.
    private static func isOutput(_ status: stat) -> Bool {
        var output = stat()
        guard unsafe fstat(STDOUT_FILENO, &output) == 0 else { return false }
        return (output.st_dev, output.st_ino) == (status.st_dev, status.st_ino)
    }

    private static func fillOutput(_ bytes: [UInt8]) throws(Errno) {
        do {
            try FileDescriptor.standardOutput.writeAll(bytes)
        } catch {
            throw (error as? Errno) ?? .ioError
        }
    }

    /// - Parameter model: what the file is to have the owner, group and mode of.
    private static func fill(
        _ path: FilePath, _ bytes: [UInt8], options: FileDescriptor.OpenOptions, permissions: FilePermissions,
        like model: stat? = nil, isLasting: Bool
    ) throws(Errno) {
        do {
            let file = try FileDescriptor.open(path, .writeOnly, options: options, permissions: permissions)
            try file.closeAfter {
                if let model { try give(file, theAccessOf: model) }
                try file.writeAll(bytes)
                // Else a crash of the machine could leave the new name with none of the bytes.
                if isLasting, fsync(file.rawValue) != 0 { throw Errno.last }
            }
        } catch {
            throw (error as? Errno) ?? .ioError
        }
    }

    private static func give(_ file: FileDescriptor, theAccessOf model: stat) throws(Errno) {
        var own = stat()
        guard unsafe fstat(file.rawValue, &own) == 0 else { throw Errno.last }
        // The mode last: a change of owner takes bits away, and before it the file is nobody else's to read.
        if (own.st_uid, own.st_gid) != (model.st_uid, model.st_gid) {
            guard fchown(file.rawValue, model.st_uid, model.st_gid) == 0 else { throw Errno.last }
        }
        guard fchmod(file.rawValue, model.st_mode & 0o7777) == 0 else { throw Errno.last }
    }

    /// Where a path leads, also if nothing is there yet: a link to a file that is to be made, or /dev/stdout where the
    /// output is closed. The link itself must never be taken for the file.
    ///
    /// - Throws: `permissionDenied` for a link that somebody has put into a folder that is everybody's.
    private static func resolved(_ path: FilePath) throws(Errno) -> FilePath {
        var place = path
        for _ in 0..<linkLimit {
            guard let target = linkTarget(place) else { return place }
            guard try mayFollow(place) else { throw .permissionDenied }
            place = place.removingLastComponent().pushing(target)
        }
        throw .tooManySymbolicLinkLevels
    }

    /// As the kernel has it under sysctl fs.protected_symlinks, which is not set everywhere, and which does not see a
    /// link that is read: in a folder like /tmp, a link leads only who made it, or whoever has the folder.
    private static func mayFollow(_ link: FilePath) throws(Errno) -> Bool {
        let parent = link.removingLastComponent()
        let folder = try FileAccess(of: parent.isEmpty ? "." : parent.appending("."))
        guard folder.bits & 0o1002 == 0o1002 else { return true }
        let owner = try FileAccess(of: link).owner
        return owner == ProcessID.user || owner == folder.owner
    }

    /// As many as the kernel follows (MAXSYMLINKS in include/linux/namei.h).
    private static let linkLimit = 40

    /// nil if it is no symbolic link.
    private static func linkTarget(_ path: FilePath) -> FilePath? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        // readlink(2) writes at most that many bytes, and no NUL: the last byte stays one.
        let count = unsafe path.withPlatformString { unsafe readlink($0, &bytes, bytes.count - 1) }
        return count < 0 ? nil : FilePath(platformString: bytes)
    }

    /// nil if nothing is there.
    private static func status(of path: FilePath) -> stat? {
        var information = stat()
        let result = unsafe path.withPlatformString { unsafe stat($0, &information) }
        return result == 0 ? information : nil
    }
}
