// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Clibbpf
internal import Glibc
public import Linux
public import SystemPackage

/// The file system where pinned programs, maps and links live.
public enum BPFFileSystem {
    public static let defaultMountPoint: FilePath = "/sys/fs/bpf"

    /// Whether a path lies in a BPF file system.
    ///
    /// - Throws: what statfs(2) says, as `noSuchFileOrDirectory`.
    public static func contains(_ path: FilePath) throws(Errno) -> Bool {
        let magic = unsafe path.withPlatformString { unsafe linux_filesystem_magic($0) }
        guard magic >= 0 else { throw Errno(rawValue: CInt(-magic)) }
        return magic == BPF_FS_MAGIC
    }

    /// Mounts one, as `mount -t bpf bpf PATH` does.
    public static func mount(at path: FilePath) throws(Errno) {
        let result = unsafe path.withPlatformString { unsafe Glibc.mount("bpf", $0, "bpf", 0, "mode=0700") }
        guard result == 0 else { throw Errno.last }
    }

    /// Whether an open folder lies in one.
    public static func contains(_ folder: OpenFolder) throws(Errno) -> Bool {
        try folder.fileSystemMagic() == BPF_FS_MAGIC
    }

    /// Gives an object of the kernel a name in a BPF file system, readable by its owner only.
    ///
    /// bpf(2) takes paths alone before Linux 6.5. So the folder is named by its descriptor in /proc; the last name must be
    /// new, and no link is followed there.
    public static func pin(_ fd: CInt, at entry: FolderEntry) throws(BPFError) {
        let folder = try place("pin \(entry)") { () throws(Errno) in try entry.openParent() }
        let path = try place("pin \(entry) by way of /proc, which is not mounted") { () throws(Errno) in
            try folder.path.appending(entry.name)
        }
        try libbpf("pin \(entry)") { unsafe path.withPlatformString { unsafe bpf_obj_pin(fd, $0) } }
    }

    /// Opens what is pinned there: the pin itself, and nothing that a symbolic link leads to.
    public static func open(_ entry: FolderEntry, readOnly: Bool = false) throws(BPFError) -> OwnedFD {
        let pin = try place("open \(entry)") { () throws(Errno) in try entry.openPlace() }
        let path = try place("open \(entry) by way of /proc, which is not mounted") { () throws(Errno) in try pin.path }
        var options = bpf_obj_get_opts()
        options.sz = MemoryLayout<bpf_obj_get_opts>.size(through: \.file_flags)
        options.file_flags = readOnly ? UInt32(BPF_F_RDONLY) : 0
        let fd = try libbpf("open \(entry)") {
            unsafe path.withPlatformString { unsafe bpf_obj_get_opts($0, &options) }
        }
        return OwnedFD(fd)
    }

    private static func place<Value: ~Copyable>(
        _ operation: @autoclosure () -> String, _ body: () throws(Errno) -> Value
    ) throws(BPFError) -> Value {
        do throws(Errno) {
            return try body()
        } catch {
            throw BPFError(operation(), error)
        }
    }
}
