// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import RegistryModel
internal import SystemPackage

/// A registry's folder as it is found, of whatever version and in whatever state.
struct FoundRegistry: Sendable {
    let pins: RegistryPins
    /// The number of its map of fields; nil if that is gone, or may not be known.
    let mapID: UInt32?
    /// All programs that are pinned for it.
    let programs: [ProgramInformation]
    /// Why it may not be removed.
    let refusal: PacketMetadataError?

    /// - Parameters:
    ///   - pins: by which it would be removed.
    ///   - view: the same for a look at what anyone has put there.
    init(_ pins: RegistryPins, seenBy view: RegistryPins) {
        self.pins = pins
        mapID = try? BPFMap(pinnedAt: view.registry, readOnly: true).id
        programs = view.pinnedPrograms
        do throws(PacketMetadataError) {
            try pins.refuseOthers()
            refusal = nil
        } catch {
            refusal = error
        }
    }

    var part: HostRemoval.Part { .registry(pins.path, programs: programs.map(\.name)) }
}

/// The registries that are to go.
struct RegistrySearch {
    let request: HostRemoval.Request
    let waiting: LockWait
    let recording: @Sendable (RegistryChange) -> Void
    let found: [FoundRegistry]
    /// Whether all BPF file systems that this process sees were searched through.
    let isComplete: Bool

    /// - Throws: why a registry that was named cannot be looked at; one that is not there is none to remove.
    init(
        _ request: HostRemoval.Request, _ waiting: LockWait,
        _ recording: @escaping @Sendable (RegistryChange) -> Void
    ) throws(PacketMetadataError) {
        self.request = request
        self.waiting = waiting
        self.recording = recording
        var isComplete = true
        let paths = request.registries ?? Self.search(&isComplete)
        var found: [FoundRegistry] = []
        for path in paths {
            do throws(PacketMetadataError) {
                let folder = try RegistryFolder(
                    path: path, waiting: waiting, trustsOwner: request.trustsOwner, recording: recording)
                let (pins, view) = try doing(.removeRegistry(folder.path)) { () throws(PacketMetadataError) in
                    (try folder.open(for: .write), try folder.view())
                }
                if Self.isRegistry(view) { found.append(FoundRegistry(pins, seenBy: view)) }
            } catch {
                if error.kind == .notFound { continue }
                if request.registries != nil { throw error }
                isComplete = false
            }
        }
        self.found = found
        self.isComplete = isComplete
    }

    /// Those that may be removed.
    var removable: [FoundRegistry] { found.filter { $0.refusal == nil } }

    private static func search(_ isComplete: inout Bool) -> [FilePath] {
        let search = PinSearch(foldersLike: { $0 == RegistryPins.attachmentsName }, where: isMap)
        isComplete = search.isComplete
        let cutShort = search.folders.map { $0.removingLastComponent() }.filter(isCutShort)
        return Set(search.found.compactMap(registry(of:)) + cutShort).sorted { $0.string < $1.string }
    }

    /// Whether a folder that was named is one: a folder of others may have parts of the same names.
    private static func isRegistry(_ pins: RegistryPins) -> Bool {
        PinSearch(below: pins.folder.entry, where: isMap).found.contains { registry(of: $0) == pins.path }
            || isCutShort(pins.path)
    }

    // MARK: How a registry is known

    private static func isMap(_ object: PinnedObject.Object) -> Bool {
        if case .map(_, let name) = object { name.hasPrefix(RegistryPins.mapPrefix) } else { false }
    }

    /// The registry that a pinned map is a part of, by the map's name and its pin's: no other tool has both.
    private static func registry(of pin: PinnedObject) -> FilePath? {
        guard case .map(_, let name) = pin.object else { return nil }
        switch (name, pin.path.lastComponent?.string) {
        case (PKTMETA_REGISTRY_MAP, "registry"), (PKTMETA_STATE_MAP, "state"): return pin.path.removingLastComponent()
        case (AttachmentRecord.mapName, "record"):
            // attachments/NAME/current/NUMBER/record
            let components = Array(pin.path.components.dropLast(4))
            guard components.last?.string == RegistryPins.attachmentsName else { return nil }
            return FilePath(root: pin.path.root, components.dropLast())
        case (PKTMETA_STEERING_MAP, "record"):
            // steering/NAME/record
            let components = Array(pin.path.components.dropLast(2))
            guard components.last?.string == RegistryPins.steeringName else { return nil }
            return FilePath(root: pin.path.root, components.dropLast())
        default: return nil
        }
    }

    /// Whether nothing but empty folders is left, or none, as when a removal was cut short.
    private static func isCutShort(_ path: FilePath) -> Bool {
        guard let names = try? Folder.names(in: path),
            Set(names).isSubset(of: [RegistryPins.attachmentsName, RegistryPins.steeringName, RegistryPins.lockName])
        else {
            return false
        }
        return names.allSatisfy { (try? Folder.names(in: path.appending($0)).isEmpty) == true }
    }
}
