// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
package import Linux
public import RegistryModel
public import SystemPackage

/// An open registry: the pinned maps that say which field lies where, and what happened to each.
///
/// The kernel's maps are the only truth; nothing is kept here. Reading takes no lock. Each change takes the lock,
/// finishes what a killed process left, decides all its steps, then does them.
public struct Registry: ~Copyable {
    public static let defaultPath = BPFFileSystem.defaultMountPoint.appending("pktmeta")

    let pins: RegistryPins
    let fieldsMap: BPFMap
    let stateMap: BPFMap
    private let sealing: Sealing
    /// What was made for a registry that was made as it was opened; nil if it was there.
    let made: RegistryFolder.Made?

    public enum Access: Sendable {
        case read, write
        /// To take off what is attached, by its pins and links: of a registry of this ABI or an earlier one.
        case detach
    }

    /// How programs that are loaded learn what its areas are known by.
    enum Sealing {
        /// It was opened to be read, or to have programs taken off.
        case unknown
        /// As it is pinned by then.
        case pinned
        /// As it will be.
        case future(Seal)
    }

    /// Opens a registry.
    ///
    /// - Parameters:
    ///   - path: its folder of pins, in a BPF file system.
    ///   - access: whether it is to be changed, or to have programs attached.
    ///   - trustsOwner: also for writing if the registry belongs to a user other than this process's, and not to root:
    ///     that user decides what this process loads for it.
    ///   - waiting: how each change waits for other processes that change it.
    ///   - recording: told each change that is made, also by later calls; in the thread that makes it, under the lock.
    /// - Throws: `notFound` if there is none; `incompatibleABI`, `badData` if what is pinned there is no registry of
    ///   this ABI; `missingPrivilege`.
    public static func open(
        at path: FilePath = defaultPath, for access: Access, trustsOwner: Bool = false,
        waiting: LockWait = LockWait(), recording: @escaping @Sendable (RegistryChange) -> Void = { _ in }
    ) throws(PacketMetadataError) -> Registry {
        let folder = try RegistryFolder(
            path: path, waiting: waiting, trustsOwner: trustsOwner, recording: recording)
        let pins = try doing(.openRegistry(folder.path)) { () throws(PacketMetadataError) in
            try folder.open(for: access)
        }
        return try open(pins, for: access)
    }

    /// What a registry says of its fields, also one of an earlier ABI; and whose it is, if that is neither this process's
    /// user nor root.
    ///
    /// - Throws: as ``open(at:for:trustsOwner:waiting:recording:)`` to read it.
    public static func recordedFields(
        at path: FilePath = defaultPath
    ) throws(PacketMetadataError) -> (fields: RecordedFields, foreignOwner: String?) {
        let folder = try RegistryFolder(path: path)
        return try doing(.readRegistry(folder.path)) { () throws(PacketMetadataError) in
            let pins = try folder.open(for: .read)
            return (try recordedFields(of: pins), (try? pins.stranger).flatMap(\.self).map { UserName($0).description })
        }
    }

    static func recordedFields(of pins: RegistryPins) throws(PacketMetadataError) -> RecordedFields {
        let map = try openMap(pins.registry, RegistryFolder.registryShape, pins, .read)
        return try RecordedFields(ofMap: bytes(of: map, pins), path: pins.path)
    }

    /// Opens a registry to have programs of this process's own use its maps, whoever owns it: nothing is loaded that is
    /// pinned there, and nothing changed.
    public static func openForPrograms(at path: FilePath) throws(PacketMetadataError) -> Registry {
        try open(at: path, for: .write, trustsOwner: true)
    }

    static func open(
        _ pins: RegistryPins, for access: Access, made: RegistryFolder.Made? = nil, sealedBy future: Seal? = nil
    ) throws(PacketMetadataError) -> Registry {
        if access != .read {
            try doing(.changeRegistry(pins.path)) { () throws(PacketMetadataError) in try pins.refuseOthers() }
        }
        let fieldsMap = try openMap(pins.registry, RegistryFolder.registryShape, pins, access)
        let bytes = try bytes(of: fieldsMap, pins)
        var sealing = Sealing.unknown
        switch access {
        case .read: try RegistryImage.checkedWord(of: bytes, path: pins.path)
        case .write:
            try RegistryImage.checkedWord(of: bytes, path: pins.path)
            _ = try Self.seal(of: pins)
            sealing = future.map { .future($0) } ?? .pinned
        // What is left of a chain is loaded anew, of this ABI.
        case .detach:
            if !RegistryWord(rawValue: RegistryImage.word(0, of: bytes)).isReadable {
                try RegistryImage.checkedWord(of: bytes, path: pins.path)
            }
            if (try? Self.seal(of: pins)) != nil { sealing = .pinned }
        }
        let stateMap = try openMap(pins.state, RegistryFolder.stateShape, pins, access)
        return Registry(pins: pins, fieldsMap: fieldsMap, stateMap: stateMap, sealing, made: made)
    }

    private init(
        pins: RegistryPins, fieldsMap: consuming BPFMap, stateMap: consuming BPFMap, _ sealing: Sealing,
        made: RegistryFolder.Made?
    ) {
        self.pins = pins
        self.made = made
        self.sealing = sealing
        self.fieldsMap = fieldsMap
        self.stateMap = stateMap
    }

    private static func openMap(
        _ pin: FolderEntry, _ shape: BPFMap.Shape, _ pins: RegistryPins, _ access: Access
    ) throws(PacketMetadataError) -> BPFMap {
        try doing(.openRegistry(pins.path)) { () throws(PacketMetadataError) in
            let map: BPFMap
            do throws(BPFError) {
                map = try BPFMap(pinnedAt: pin, readOnly: access == .read)
            } catch {
                throw openFailure(error, pin, pins, access)
            }
            // libbpf does not compare flags, and does not compare at all when a descriptor is reused.
            // Counts of an earlier ABI were kept in another shape, and what is only detached does not count.
            let isEarlier = access == .detach && shape.kind == .perCPUArray
            let found = map.shape
            guard found == shape || isEarlier && found.kind == shape.kind else {
                throw pins.damaged(.otherMap(pin.path))
            }
            return map
        }
    }

    private static func seal(of pins: RegistryPins) throws(PacketMetadataError) -> Seal {
        let map = try openMap(pins.seal, RegistryFolder.sealShape, pins, .read)
        return try doing(.openRegistry(pins.path)) { () throws(PacketMetadataError) in
            do throws(BPFError) {
                if let seal = Seal(bytes: try map.value) { return seal }
            } catch {
                throw PacketMetadataError(error)
            }
            throw pins.damaged(.noSeal(pins.seal.path))
        }
    }

    /// What its areas are known by, for programs that are loaded for it.
    ///
    /// - Throws: `usage` if the registry was opened to be read: a reader is not to have the seal.
    func seal() throws(PacketMetadataError) -> Seal {
        switch sealing {
        case .unknown: throw PacketMetadataError(RegistryRefusal.sealNotOpened)
        case .pinned: return try Self.seal(of: pins)
        case .future(let seal): return seal
        }
    }

    private static func openFailure(
        _ error: BPFError, _ pin: FolderEntry, _ pins: RegistryPins, _ access: Access
    ) -> PacketMetadataError {
        switch error.errno {
        case .noSuchFileOrDirectory: pins.missing(pin)
        case .invalidArgument: pins.damaged(.noMap(pin.path))
        case .isDirectory: pins.damaged(.folder(pin.path))
        case .notDirectory: pins.damaged(.noFolder(pin.path.removingLastComponent()))
        case .tooManySymbolicLinkLevels: pins.damaged(.link(pin.path))
        case .permissionDenied, .notPermitted:
            PacketMetadataError(
                RegistryRefusal.pinNotOpened(
                    KernelRefusal(error, needs: [.bpf]), isToChange: access != .read))
        default: PacketMetadataError(error, needs: [.bpf])
        }
    }

    // MARK: Reading

    /// The folder of pins that this registry is.
    public var path: FilePath { pins.path }

    /// Whose it is, if that is neither this process's user nor root.
    package var foreignOwner: UserName? { (try? pins.stranger).flatMap { $0 }.map(UserName.init) }

    /// The registry as it is now.
    public func image() throws(PacketMetadataError) -> RegistryImage {
        // Reading takes no lock: what a change in between has half done shows in a second look.
        var bytes = try bytes()
        for _ in 0..<Self.readAttempts {
            let again = try self.bytes()
            if again == bytes { break }
            bytes = again
        }
        return try RegistryImage(bytes: bytes, path: path)
    }

    private static let readAttempts = 100

    private func bytes() throws(PacketMetadataError) -> [UInt8] { try Self.bytes(of: fieldsMap, pins) }

    private static func bytes(
        of fieldsMap: borrowing BPFMap, _ pins: RegistryPins
    ) throws(PacketMetadataError) -> [UInt8] {
        do throws(BPFError) {
            return try fieldsMap.value
        } catch {
            throw PacketMetadataError(error).keeping(from: .readRegistry(pins.path))
        }
    }

    /// What happened to a field, on all CPUs together.
    public func state(of field: RegisteredField) throws(PacketMetadataError) -> FieldState {
        FieldState(try stateImage(), field)
    }

    /// What happened to areas, on all CPUs together.
    public func areaState() throws(PacketMetadataError) -> AreaState {
        // Counters never go back, so those that are read behind the baseline are no less.
        let image = try image()
        return AreaState(try stateImage(), of: image)
    }

    /// What each CPU has counted so far.
    func stateImage() throws(PacketMetadataError) -> StateImage {
        do throws(BPFError) {
            let values = try stateMap.values(at: 0)
            let knownResets = values.map(StateImage.knownResets)
            if knownResets.allSatisfy({ $0 == 0 }) { return StateImage(perCPU: values) }
            return StateImage(perCPU: try stateMap.values(at: 0), knownResets: knownResets)
        } catch {
            throw PacketMetadataError(error).keeping(from: .readState(path))
        }
    }
}
