// SPDX-License-Identifier: BSD-2-Clause

internal import CBPFShims
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

    /// Whether a path lies in one, or would if it were made: by the lowest folder on the way that is there.
    public static func wouldContain(_ path: FilePath) -> Bool {
        Folder.lowestExisting(on: path).map { (try? contains($0)) == true } ?? false
    }

    /// Where a path in a BPF file system is reached from here: as it is, or, if no such file system is mounted there in
    /// this process's mount namespace, in the one around it. Under `ip netns exec` that is where all others look, and
    /// what outlives the command.
    public static func reachable(_ path: FilePath) -> FilePath {
        guard !wouldContain(path), let outer = MountNamespace.outer, wouldContain(outer.path(path)) else { return path }
        return outer.path(path)
    }

    /// Whether the one that a path would lie in is mounted in this process's mount namespace, and not in the one around
    /// it: it goes with the former, and all pins with it.
    public static func isPrivate(_ path: FilePath) -> Bool {
        guard MountNamespace.outer != nil, let mounts = try? MountPoint.all(ofType: "bpf"),
            let mount = mounts.filter({ path.starts(with: $0.path) }).max(by: { $0.path.length < $1.path.length })
        else { return false }
        return !mount.isOuter && !mounts.contains { $0.isOuter && $0.device == mount.device }
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
        let flags = readOnly ? UInt32(BPF_F_RDONLY) : 0
        do throws(BPFError) {
            let fd = try libbpf("open \(entry)") {
                unsafe path.withPlatformString { unsafe libbpf_open_pin($0, flags) }
            }
            return OwnedFD(fd)
        } catch {
            // The kernel says EACCES of a folder, as if it were a pin that may not be opened.
            if error.errno == .permissionDenied, (try? entry.kind()) == .folder {
                throw BPFError("open \(entry)", .isDirectory)
            }
            throw error
        }
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

    /// Whether a descriptor is a map's, which the kernel says in its name in proc (kernel/bpf/syscall.c,
    /// `bpf_map_new_fd`). Without proc it counts as one.
    static func isMap(_ fd: CInt) -> Bool {
        let wanted = "anon_inode:bpf-map"
        let name = unsafe [UInt8](unsafeUninitializedCapacity: 64) { (buffer, count) in
            // At most as many bytes as there is room for are written.
            let length =
                unsafe buffer.baseAddress.map { unsafe readlink("/proc/self/fd/\(fd)", $0, buffer.count) } ?? -1
            count = max(0, length)
        }
        return name.isEmpty || name.elementsEqual(wanted.utf8)
    }
}
