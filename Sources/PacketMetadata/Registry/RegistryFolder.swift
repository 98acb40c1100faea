// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import RegistryModel
internal import SystemPackage

/// Where a registry is, or could be.
struct RegistryFolder: Sendable {
    let path: FilePath
    /// How changes wait for each other.
    let waiting: LockWait
    /// Whether it may be changed by a user who does not own it.
    let trustsOwner: Bool
    private let recording: @Sendable (RegistryChange) -> Void

    /// - Throws: `usage` if the path is empty, or bpffs would refuse it.
    init(
        path: FilePath, waiting: LockWait = LockWait(), trustsOwner: Bool = false,
        recording: @escaping @Sendable (RegistryChange) -> Void = { _ in }
    ) throws(PacketMetadataError) {
        self.waiting = waiting
        self.recording = recording
        self.trustsOwner = trustsOwner
        self.path = try doing(.read(.registryPath, path.string)) { () throws(PacketMetadataError) in
            if path.isEmpty { throw PacketMetadataError(RegistryRefusal.emptyPath) }
            let asked = (path.isAbsolute ? path : Folder.current.pushing(path)).lexicallyNormalized()
            if let name = Self.dottedName(asked) { throw PacketMetadataError(RegistryRefusal.dottedName(name)) }
            return BPFFileSystem.reachable(asked)
        }
    }

    /// Tells that a change was made, once others see it. The registry has the same path however it was reached.
    func record(_ event: RegistryChange.Event) {
        recording(RegistryChange(registry: MountNamespace.said(path), event: event))
    }

    static let registryShape = BPFMap.Shape(
        kind: .array, valueSize: RegistryImage.size, entries: 1, flags: BPFMap.Shape.mappable)
    static let sealShape = BPFMap.Shape(kind: .array, valueSize: Seal.size, entries: 1)
    static let stateShape = BPFMap.Shape(
        kind: .perCPUArray, valueSize: StateImage.size, entries: 1)

    // MARK: Opening

    /// Opens the folder, in which there need not be a registry.
    ///
    /// Whoever can put a symbolic link on the way could have a writer change another registry than the one it named, so
    /// only readers follow links.
    ///
    /// - Throws: `notFound` if there is no such folder; `badData` if it is not in a BPF file system, or if the way to
    ///   one that is to be changed leads through a symbolic link.
    func open(for access: Registry.Access) throws(PacketMetadataError) -> RegistryPins {
        do throws(Errno) {
            let trust: OpenFolder.Trust =
                switch access {
                case .read: .everyone
                case .write, .detach: trustsOwner ? .owner : .oneself
                }
            let folder = try OpenFolder(path, followsLinks: access == .read, trust: trust)
            let pins = RegistryPins(self, folder)
            if try BPFFileSystem.contains(folder) { return pins }
            throw try pins.isEmpty ? Errno.noSuchFileOrDirectory : .notSupported
        } catch .noSuchFileOrDirectory, .notDirectory {
            throw missing
        } catch .notSupported {
            throw PacketMetadataError(RegistryRefusal.notInFileSystem(path))
        } catch .tooManySymbolicLinkLevels {
            throw leadsThroughLink
        } catch .permissionDenied {
            throw PacketMetadataError(
                RegistryRefusal.pinNotOpened(
                    KernelRefusal(.permissionDenied, doing: "open \(path)"), isToChange: access != .read))
        } catch {
            throw PacketMetadataError(error, doing: "open \(path)")
        }
    }

    /// The folder, for a look at what is in it, whoever has put it there: good for nothing that is then changed.
    ///
    /// - Throws: as ``open(for:)``; no symbolic link is followed.
    func view() throws(PacketMetadataError) -> RegistryPins {
        do throws(Errno) {
            return RegistryPins(self, try OpenFolder(path, followsLinks: false))
        } catch {
            throw PacketMetadataError(error, doing: "open \(path)")
        }
    }

    /// Folders that were made for a registry.
    struct Made: Sendable {
        /// The outermost first.
        fileprivate(set) var entries: [FolderEntry] = []

        /// Removes those that are empty.
        func remove() {
            for entry in entries.reversed() { try? entry.remove() }
        }
    }

    /// Makes the folder, and those on the way to it; mounts the default BPF file system first if it is not mounted. If
    /// that fails, the folders go again.
    ///
    /// - Returns: what was done that the user may want to know.
    func make() throws(PacketMetadataError) -> (pins: RegistryPins, made: Made, notes: [String]) {
        var made = Made()
        do throws(PacketMetadataError) {
            let (pins, notes) = try make(&made)
            return (pins, made, notes)
        } catch {
            made.remove()
            throw error
        }
    }

    private func make(_ made: inout Made) throws(PacketMetadataError) -> (RegistryPins, [String]) {
        var notes: [String] = []
        let mountPoint = BPFFileSystem.defaultMountPoint
        var operation = "make \(path)"
        var needs: [Capability] = []
        if isMountedByMake, MountNamespace.outer != nil { throw notToBeMountedHere }
        do throws(Errno) {
            if isMountedByMake {
                (operation, needs) = ("mount a BPF file system at \(mountPoint)", [.sysAdmin])
                try BPFFileSystem.mount(at: mountPoint)
                (operation, needs) = ("make \(path)", [])
                notes.append("mounted a BPF file system at \(mountPoint)")
                record(.mounted(mountPoint))
            }
            guard BPFFileSystem.wouldContain(path), let parent = Folder.lowestExisting(on: path) else {
                throw .notSupported
            }
            let ancestor = try OpenFolder(parent, followsLinks: false)
            if try !BPFFileSystem.contains(ancestor) { throw .notSupported }
            var entry = ancestor.entry
            for component in path.components.dropFirst(parent.components.count) {
                entry = entry.appending(component.string)
                if try entry.makeFolder() { made.entries.append(entry) }
            }
            if BPFFileSystem.isPrivate(path) {
                notes.append(
                    "the BPF file system of \(path) is mounted in this mount namespace only: what is pinned there goes with it"
                )
            }
        } catch .notSupported {
            throw PacketMetadataError(RegistryRefusal.notInFileSystem(path))
        } catch .tooManySymbolicLinkLevels {
            throw leadsThroughLink
        } catch {
            throw PacketMetadataError(
                RegistryRefusal.folderNotMade(KernelRefusal(error, doing: operation, needs: needs)))
        }
        let pins = try open(for: .write)
        try pins.refuseOthers()
        for part in [pins.attachments, pins.secret] {
            do throws(Errno) {
                try part.makeFolder()
            } catch {
                throw PacketMetadataError(error, doing: "make \(part)")
            }
        }
        return (pins, notes)
    }

    // MARK: Refusals

    /// Whether it is in the default BPF file system, which is not mounted.
    private var isMountedByMake: Bool {
        let mountPoint = BPFFileSystem.defaultMountPoint
        return path.starts(with: mountPoint) && Folder.exists(mountPoint)
            && (try? BPFFileSystem.contains(mountPoint)) == false
    }

    /// What would be mounted in a mount namespace of this command alone would be gone with it.
    private var notToBeMountedHere: PacketMetadataError {
        PacketMetadataError(RegistryRefusal.fleetingMount(BPFFileSystem.defaultMountPoint))
    }

    var missing: PacketMetadataError {
        PacketMetadataError(BPFFileSystem.wouldContain(path) ? RegistryRefusal.noRegistry : .noFileSystem)
    }

    private var leadsThroughLink: PacketMetadataError {
        let real = (try? OpenFolder(path, followsLinks: true))?.realPath
        return PacketMetadataError(RegistryRefusal.throughLink(path, to: real))
    }

    /// A name with a dot below the mount point of a BPF file system, which the kernel refuses as if a privilege were
    /// lacking. The mount point's own path may have dots.
    private static func dottedName(_ path: FilePath) -> String? {
        guard path.components.contains(where: { $0.string.contains(".") }) else { return nil }
        let isDefault = path.starts(with: BPFFileSystem.defaultMountPoint)
        guard isDefault || BPFFileSystem.wouldContain(path),
            let start = isDefault ? BPFFileSystem.defaultMountPoint : Folder.lowestExisting(on: path)
        else {
            return nil
        }
        return path.components.dropFirst(start.components.count).first { $0.string.contains(".") }?.string
    }
}
