// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
public import SystemPackage

/// An open registry: the pinned maps that say which field lies where, and what happened to each.
///
/// The kernel's maps are the only truth; nothing is kept here. Reading takes no lock. Each change takes the lock,
/// finishes what a killed process left, decides all its steps, then does them.
public struct Registry: ~Copyable {
    public static let defaultPath = BPFFileSystem.defaultMountPoint.appending("pktmeta")

    let folder: RegistryFolder
    let fieldsMap: BPFMap
    let stateMap: BPFMap

    public enum Access: Sendable {
        case read, write
    }

    /// Opens a registry.
    ///
    /// - Parameters:
    ///   - path: its folder of pins, in a BPF file system.
    ///   - access: whether it is to be changed, or to have programs attached.
    ///   - waiting: how each change waits for other processes that change it.
    /// - Throws: `notFound` if there is none; `incompatibleABI`, `badData` if what is pinned there is no registry of
    ///   this ABI; `missingPrivilege`.
    public static func open(
        at path: FilePath = defaultPath, for access: Access, waiting: LockWait = LockWait()
    ) throws(PacketMetadataError) -> Registry {
        let folder = try RegistryFolder(path: path, waiting: waiting)
        let fieldsMap = try openMap(folder.registryPin, RegistryFolder.registryShape, folder, access)
        let stateMap = try openMap(folder.statePin, RegistryFolder.stateShape, folder, access)
        let registry = Registry(folder: folder, fieldsMap: fieldsMap, stateMap: stateMap)
        try RegistryImage.checkedWord(of: try registry.bytes(), path: path.string)
        return registry
    }

    private init(folder: RegistryFolder, fieldsMap: consuming BPFMap, stateMap: consuming BPFMap) {
        self.folder = folder
        self.fieldsMap = fieldsMap
        self.stateMap = stateMap
    }

    private static func openMap(
        _ pin: FilePath, _ shape: BPFMap.Shape, _ folder: RegistryFolder, _ access: Access
    ) throws(PacketMetadataError) -> BPFMap {
        let summary = "cannot open the registry \(folder.path)"
        let map: BPFMap
        do throws(BPFError) {
            map = try BPFMap(pinnedAt: pin, readOnly: access == .read)
        } catch {
            throw openFailure(error, summary, pin, folder)
        }
        // libbpf does not compare flags, and does not compare at all when a descriptor is reused.
        guard map.shape == shape else {
            throw PacketMetadataError(.badData, summary, reason: "the map pinned at \(pin) is not one of a registry")
        }
        return map
    }

    private static func openFailure(
        _ error: BPFError, _ summary: String, _ pin: FilePath, _ folder: RegistryFolder
    ) -> PacketMetadataError {
        if error.errno == .noSuchFileOrDirectory {
            return folder.missing(summary)
        }
        if Folder.exists(pin), (try? BPFFileSystem.contains(pin)) == false { return folder.notBPFFS(summary) }
        if error.errno == .invalidArgument {
            return PacketMetadataError(.badData, summary, reason: "what is pinned at \(pin) is not a map (EINVAL)")
        }
        let isAccess = [Errno.permissionDenied, .notPermitted].contains(error.errno)
        return PacketMetadataError(
            error, summary, needs: [.bpf], remedy: isAccess ? "The pins' owner may grant access with chmod." : nil)
    }

    // MARK: Reading

    /// The folder of pins that this registry is.
    public var path: FilePath { folder.path }

    /// The registry as it is now.
    public func image() throws(PacketMetadataError) -> RegistryImage {
        // Reading takes no lock: what a change in between has half done shows in a second look.
        var bytes = try bytes()
        for _ in 0..<Self.readAttempts {
            let again = try self.bytes()
            if again == bytes { break }
            bytes = again
        }
        return try RegistryImage(bytes: bytes, path: path.string)
    }

    private static let readAttempts = 100

    private func bytes() throws(PacketMetadataError) -> [UInt8] {
        do throws(BPFError) {
            return try fieldsMap.value
        } catch {
            throw PacketMetadataError(error, "cannot read the registry \(path)")
        }
    }

    /// What happened to a field, on all CPUs together.
    public func state(of field: RegisteredField) throws(PacketMetadataError) -> FieldState {
        FieldState(perCPU: try stateValues(slot: field.slot), field: field)
    }

    /// What happened to areas, on all CPUs together.
    public func areaState() throws(PacketMetadataError) -> AreaState {
        AreaState(perCPU: try stateValues(slot: 0))
    }

    private func stateValues(slot: Int) throws(PacketMetadataError) -> [[UInt8]] {
        do throws(BPFError) {
            return try stateMap.values(at: slot)
        } catch {
            throw PacketMetadataError(error, "cannot read the state of \(path)")
        }
    }
}
