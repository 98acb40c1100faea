// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import RegistryModel
internal import SystemPackage

/// Where a registry's parts are pinned.
struct RegistryFolder: Sendable {
    let path: FilePath
    /// How changes wait for each other.
    let waiting: LockWait

    /// - Throws: `usage` if the path is empty, or bpffs would refuse it.
    init(path: FilePath, waiting: LockWait = LockWait()) throws(PacketMetadataError) {
        self.waiting = waiting
        let summary = "bad registry path '\(path)'"
        if path.isEmpty { throw PacketMetadataError(.usage, summary, reason: "it is empty") }
        let absolute = path.isAbsolute ? path : Folder.current.pushing(path)
        self.path = absolute.lexicallyNormalized()
        if let name = dottedName {
            throw PacketMetadataError(
                .usage, summary, reason: "a BPF file system takes no dots in names, and \(name) has one (EPERM)")
        }
    }

    var registryPin: FilePath { path.appending("registry") }
    var statePin: FilePath { path.appending("state") }
    var lock: FilePath { path.appending("lock") }
    var attachments: FilePath { path.appending("attachments") }

    static let registryShape = BPFMap.Shape(
        kind: .array, valueSize: RegistryImage.size, entries: 1, flags: BPFMap.Shape.mappable)
    static let stateShape = BPFMap.Shape(
        kind: .perCPUArray, valueSize: FieldState.size, entries: RegistryImage.slotCount)

    /// Makes the folder; mounts the default BPF file system first if it is not mounted.
    ///
    /// - Returns: what was done that the user may want to know.
    func make() throws(PacketMetadataError) -> [String] {
        let summary = "cannot create the registry \(path)"
        var notes: [String] = []
        let mountPoint = BPFFileSystem.defaultMountPoint
        var operation = "make \(path)"
        var needs: [Capability] = []
        do throws(Errno) {
            if path.starts(with: mountPoint), Folder.exists(mountPoint), try !BPFFileSystem.contains(mountPoint) {
                (operation, needs) = ("mount a BPF file system at \(mountPoint)", [.sysAdmin])
                try BPFFileSystem.mount(at: mountPoint)
                (operation, needs) = ("make \(path)", [])
                notes.append("mounted a BPF file system at \(mountPoint)")
            }
            if let parent = existingAncestor, try !BPFFileSystem.contains(parent) { throw .notSupported }
            try Folder.make(path)
            try Folder.make(attachments)
        } catch .notSupported {
            throw notBPFFS(summary)
        } catch {
            throw PacketMetadataError(
                error, summary, doing: operation, needs: needs,
                remedy:
                    "--registry names a folder that you may write to: an administrator mounts a BPF file system for you "
                    + "(mount -t bpf bpf PATH; chown YOU PATH).")
        }
        return notes
    }

    func notBPFFS(_ summary: String) -> PacketMetadataError {
        PacketMetadataError(
            .badData, summary, reason: "\(path) is not in a BPF file system",
            remedy: "Name a folder below one, such as \(BPFFileSystem.defaultMountPoint); "
                + "mount -t bpf bpf PATH makes another.")
    }

    func missing(_ summary: String) -> PacketMetadataError {
        if isInBPFFS {
            return PacketMetadataError(
                .notFound, summary, reason: "there is none (ENOENT)",
                remedy: "pktmeta register-field NAME --type TYPE creates it with its first field.")
        }
        return PacketMetadataError(
            .notFound, summary, reason: "there is none, and no BPF file system is mounted there (ENOENT)",
            remedy:
                "If one was unmounted, what was pinned in it is still there only where another mount namespace has it "
                + "mounted; mount -t bpf bpf PATH makes an empty one.")
    }

    /// A name with a dot below the mount point of a BPF file system, which the kernel refuses as if a privilege were
    /// lacking. The mount point's own path may have dots.
    private var dottedName: String? {
        guard path.components.contains(where: { $0.string.contains(".") }) else { return nil }
        let isDefault = path.starts(with: BPFFileSystem.defaultMountPoint)
        guard isInBPFFS || isDefault, let start = isDefault ? BPFFileSystem.defaultMountPoint : existingAncestor else {
            return nil
        }
        return path.components.dropFirst(start.components.count).first { $0.string.contains(".") }?.string
    }

    /// Whether it is in a BPF file system, or would be.
    private var isInBPFFS: Bool {
        guard let existingAncestor else { return false }
        return (try? BPFFileSystem.contains(existingAncestor)) == true
    }

    private var existingAncestor: FilePath? {
        var ancestor = path
        while !Folder.exists(ancestor) {
            guard ancestor.removeLastComponent() else { return nil }
        }
        return ancestor
    }
}
