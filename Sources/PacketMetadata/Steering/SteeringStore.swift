// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import RegistryModel
internal import SystemPackage

/// The pinned steerings of a registry, a folder each (SteeringFolders.swift).
///
/// A folder is built under a temporary name, then renamed; it is renamed away before it is taken apart. So what a killed
/// process leaves is known by its name, and removed by the next command.
struct SteeringStore: Sendable {
    let pins: RegistryPins

    init(_ pins: RegistryPins) { self.pins = pins }

    /// No steering's name begins with it, and a BPF file system takes no dot.
    private static let temporaryPrefix = "+"

    func folders(of name: SteeringName) -> SteeringFolders { SteeringFolders(pins.steering.appending(name.text)) }

    // MARK: Reading

    /// What is pinned for a registry.
    struct Survey {
        var sound: [(name: SteeringName, record: SteeringRecord, folders: SteeringFolders)] = []
        var damaged: [(folders: SteeringFolders, damage: DamagedSteering)] = []
    }

    /// - Throws: what keeps this process from looking.
    func survey() throws(PacketMetadataError) -> Survey {
        var survey = Survey()
        for text in try names() where !text.hasPrefix(Self.temporaryPrefix) {
            let folders = SteeringFolders(pins.steering.appending(text))
            do throws(BPFError) {
                guard let name = SteeringName(folder: text) else { throw BPFError("read its name", .invalidArgument) }
                let record = try SteeringRecord(ofMap: BPFMap(pinnedAt: folders.record, readOnly: true))
                for part in [folders.program] + folders.maps where try !part.isThere() {
                    throw BPFError("open \(part.name)", .noSuchFileOrDirectory)
                }
                survey.sound.append((name, record, folders))
            } catch {
                if [.permissionDenied, .notPermitted].contains(error.errno) {
                    throw PacketMetadataError(error, needs: [.bpf]).keeping(from: .readSteering(folders.entry.path))
                }
                // A reader takes no lock: meanwhile it may have gone.
                guard (try? folders.entry.exists()) != false else { continue }
                let reason = "\(error.operation): \(error.errno.name)"
                survey.damaged.append((folders, DamagedSteering(path: folders.entry.path, reason: reason)))
            }
        }
        return survey
    }

    private func names() throws(PacketMetadataError) -> [String] {
        do throws(Errno) {
            return try pins.steering.contents()
        } catch .noSuchFileOrDirectory {
            return []
        } catch {
            throw PacketMetadataError(error, doing: "read \(pins.steering)").keeping(from: .listSteerings)
        }
    }

    // MARK: Writing, under the lock

    /// Pins a program that is loaded, with its maps.
    func add(
        _ name: SteeringName, _ record: SteeringRecord, _ object: borrowing BPFObject, sharedWith group: UInt32?
    ) throws(PacketMetadataError) {
        let temporary = SteeringFolders(temporaryEntry())
        do throws(PacketMetadataError) {
            do throws(BPFError) {
                try makeFolder(pins.steering)
                try makeFolder(temporary.entry)
                try record.makeMap().pin(at: temporary.record)
                for map in temporary.maps { try object.map(map.name).pin(at: map) }
                try object.program(PrebuiltObject.steer.name).pin(at: temporary.program)
                try pins.giveOwner(temporary.entry)
            } catch {
                throw PacketMetadataError(error, needs: [.bpf])
            }
            if let group { try share(temporary, with: group) }
            do throws(Errno) {
                try temporary.entry.rename(to: pins.steering.appending(name.text))
            } catch {
                throw PacketMetadataError(error, doing: "rename \(temporary.entry)")
            }
        } catch {
            try? temporary.entry.takeApart()
            try? settle()
            throw error
        }
    }

    /// Opens a steering to a group, and the way to it.
    ///
    /// - Returns: whether it was not open to that group yet.
    @discardableResult
    func share(_ folders: SteeringFolders, with group: UInt32) throws(PacketMetadataError) -> Bool {
        do throws(Errno) {
            let isNew = try folders.group != group
            try folders.share(with: group)
            try pins.openPassage()
            return isNew
        } catch {
            throw PacketMetadataError(
                SteeringRefusal.steeringNotShared(KernelRefusal(error, doing: "change its pins")))
        }
    }

    func remove(_ folders: SteeringFolders) throws(PacketMetadataError) {
        do throws(BPFError) {
            try folders.empty()
        } catch {
            throw PacketMetadataError(error, needs: [.bpf])
        }
        try takeAway(folders.entry)
    }

    /// Removes what is there, whatever it is.
    func takeAway(_ entry: FolderEntry) throws(PacketMetadataError) {
        do throws(Errno) {
            let temporary = temporaryEntry()
            try entry.rename(to: temporary)
            try temporary.takeApart()
            try settle()
        } catch {
            throw PacketMetadataError(error, doing: "remove \(entry)")
        }
    }

    /// Removes what killed processes left half made or half removed, the folder of all with the last of them.
    ///
    /// - Returns: what that was.
    func removeHalfDone() throws(PacketMetadataError) -> [String] {
        let all = try names()
        let names = all.filter { $0.hasPrefix(Self.temporaryPrefix) }
        do throws(Errno) {
            let isThere = try pins.steering.exists()
            if names.isEmpty, !all.isEmpty || !isThere { return [] }
            for name in names { try pins.steering.appending(name).takeApart() }
            try settle()
        } catch {
            throw PacketMetadataError(error, doing: "remove what is left in \(pins.steering)")
        }
        return names
    }

    /// Removes all, whatever there is.
    ///
    /// - Parameter isGone: told the name of each steering that is.
    func removeAll(_ isGone: (SteeringName) -> Void) throws(PacketMetadataError) {
        for name in try names().sorted() {
            let folders = SteeringFolders(pins.steering.appending(name))
            // Of a damaged one, the sockets may be out of reach.
            do throws(BPFError) { try folders.empty() } catch {}
            try takeAway(folders.entry)
            if let name = SteeringName(folder: name) { isGone(name) }
        }
    }

    /// Closes the way to what is shared once nothing is, and removes the folder with the last of them.
    private func settle() throws(Errno) {
        let left = try pins.steering.contents()
        for name in left where try SteeringFolders(pins.steering.appending(name)).group != nil { return }
        try pins.closePassage()
        if left.isEmpty { try pins.steering.remove() }
    }

    /// Unique while the lock is held.
    private func temporaryEntry() -> FolderEntry {
        pins.steering.appending("\(Self.temporaryPrefix)\(Clock.monotonic)")
    }

    private func makeFolder(_ entry: FolderEntry) throws(BPFError) {
        let isNew: Bool
        do throws(Errno) {
            isNew = try entry.makeFolder()
        } catch {
            throw BPFError("make \(entry)", error)
        }
        if isNew { try pins.giveOwner(entry) }
    }
}
