// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
public import RegistryModel
public import SystemPackage

/// What is gone with a registry.
public struct RegistryDeletion: Sendable, Equatable {
    /// Its folder of pins.
    public let path: FilePath
    /// In the order in which it was detached.
    public let detached: [AttachmentReport]
    /// The names of the steerings that were deleted.
    public let steerings: [String]
    /// The names of the fields that were registered; of a damaged registry, of those that could be read.
    public let fields: [String]
}

extension Registry {
    /// Detaches all programs of a registry, of this ABI or an earlier one, and removes its pins. What packets still
    /// carry is nobody's then.
    ///
    /// Nothing is removed that is not in the registry's own folder, in a BPF file system.
    ///
    /// - Parameters:
    ///   - path: its folder of pins.
    ///   - trustsOwner: as for ``open(at:for:trustsOwner:waiting:recording:)``.
    ///   - waiting: likewise.
    ///   - recording: likewise.
    /// - Returns: what is gone with it.
    /// - Throws: `notFound` if the folder does not exist; `badData` if it is not in a BPF file system; `incompatibleABI` if
    ///   the registry is of a later ABI; `missingPrivilege`; `unfinished` if some of it is gone already.
    @discardableResult
    public static func remove(
        at path: FilePath, trustsOwner: Bool = false, waiting: LockWait = LockWait(),
        recording: @escaping @Sendable (RegistryChange) -> Void = { _ in }
    ) throws(PacketMetadataError) -> RegistryDeletion {
        let folder = try RegistryFolder(
            path: path, waiting: waiting, trustsOwner: trustsOwner, recording: recording)
        return try doing(.removeRegistry(folder.path)) { () throws(PacketMetadataError) in try remove(folder) }
    }

    private static func remove(_ folder: RegistryFolder) throws(PacketMetadataError) -> RegistryDeletion {
        let action = Action.removeRegistry(folder.path)
        let pins = try folder.open(for: .write)
        guard try pins.isRegistry() else { throw folder.missing }
        try pins.refuseOthers()
        let fields = try fieldsUnlessUnknown(pins)
        try pins.refuseIfMoreThanRegistry()
        var taken = TakenAway()
        try pins.lockedForRemoval { () throws(PacketMetadataError) in
            let followers = pins.followers
            var before: [Set<String>] = []
            do throws(PacketMetadataError) {
                for follower in followers { _ = try follower.recover(dropsDamaged: true) }
                before = try pins.namesOfFollowers()
            } catch {
                throw error.keeping(from: action)
            }
            do throws(PacketMetadataError) {
                for follower in followers { try follower.removeAll(&taken) }
                try pins.removeAll()
                pins.record(.deleted)
            } catch {
                let isBegun =
                    (try? pins.namesOfFollowers()) != before || (try? pins.registry.exists()) == false
                guard isBegun else { throw error.keeping(from: action) }
                throw error.unfinished(
                    action,
                    .detachedForRemoval(
                        taken.attachments, of: before[0].count, steerings: taken.steerings, folder.path))
            }
        }
        return RegistryDeletion(
            path: folder.path, detached: taken.detached, steerings: taken.steerings, fields: fields)
    }

    /// A damaged registry can be removed. Of one of a later ABI nobody knows what is attached: a filter would stay.
    ///
    /// - Returns: the names of the fields that can be read.
    private static func fieldsUnlessUnknown(_ pins: RegistryPins) throws(PacketMetadataError) -> [String] {
        do throws(PacketMetadataError) {
            return try recordedFields(of: pins).fields.map(\.definition.name.text)
        } catch {
            if error.kind == .incompatibleABI { throw error }
            return []
        }
    }
}

extension RegistryPins {
    /// Also one that was cut short while it was made or removed, down to an empty folder; nothing that is no registry.
    fileprivate func isRegistry() throws(PacketMetadataError) -> Bool {
        do throws(Errno) {
            let names = try folder.entry.contents()
            return Set(names).isSubset(of: all.map(\.name)) || folder.entry.holdsRegistry
        } catch {
            throw PacketMetadataError(error, doing: "look at \(path)")
        }
    }

    /// Of attachments, and of steerings.
    fileprivate func namesOfFollowers() throws(PacketMetadataError) -> [Set<String>] {
        [try names(in: attachments), try names(in: steering)]
    }

    /// None if there is no such folder.
    private func names(in part: FolderEntry) throws(PacketMetadataError) -> Set<String> {
        do throws(Errno) {
            return Set(try part.contents())
        } catch .noSuchFileOrDirectory {
            return []
        } catch {
            throw PacketMetadataError(error, doing: "read \(part)")
        }
    }

    fileprivate func removeAll() throws(PacketMetadataError) {
        do throws(Errno) {
            try removeParts()
            try removeFolderUnlessGiven()
        } catch {
            throw PacketMetadataError(error, doing: "remove its pins")
        }
    }

    /// All but the folder.
    func removeParts() throws(Errno) {
        if try sockets.exists() { try sockets.takeApart() }
        for pin in [registry, state, asked, claims, nextClaims, seal] {
            try pin.kind() == .folder ? pin.remove() : pin.unlink()
        }
        // The one by which a removal that was cut short is known goes last.
        for entry in [secret, lock, steering, attachments] { try entry.remove() }
    }

    /// A folder that an administrator has given someone for a registry is not that one's to remove, nor a mount point.
    private func removeFolderUnlessGiven() throws(Errno) {
        do throws(Errno) {
            try folder.remove()
        } catch {
            guard [Errno.permissionDenied, .notPermitted, .resourceBusy].contains(error) else { throw error }
        }
    }

    // MARK: Of whatever state and version

    /// Removes a registry of which nothing but its pins is known: it is damaged, or of another version. Detaches what links
    /// hold; filters have to be gone already.
    ///
    /// What is in the folder and is none of pktmeta's stays, and the folder with it.
    func removeByPins() throws(PacketMetadataError) {
        try locked { () throws(PacketMetadataError) in
            do throws(Errno) {
                for folder in ownersFolders + [steering] {
                    for name in try contents(of: folder) { try folder.appending(name).takeApart() }
                }
                for name in try contents(of: folder.entry) {
                    let entry = folder.entry.appending(name)
                    guard try entry.kind() == .file, let map = try? BPFMap(pinnedAt: entry, readOnly: true),
                        map.name.hasPrefix(Self.mapPrefix)
                    else { continue }
                    try entry.unlink()
                }
            } catch {
                throw PacketMetadataError(error, doing: "remove its pins")
            }
            try removeAll()
        }
    }

    private func contents(of entry: FolderEntry) throws(Errno) -> [String] {
        try entry.exists() ? try entry.contents() : []
    }

    // MARK: What stands where a part should

    /// Does something under the lock, which is not left behind if it was not there before and the registry stays.
    fileprivate func lockedForRemoval(
        _ body: () throws(PacketMetadataError) -> Void
    ) throws(PacketMetadataError) {
        let hadLock: Bool
        do throws(Errno) {
            // Nobody holds a lock by what is no folder.
            for part in [lock, attachments, steering, sockets, secret] where try ![.folder, nil].contains(part.kind()) {
                try part.unlink()
            }
            hadLock = try lock.exists()
        } catch {
            throw PacketMetadataError(error, doing: "look at its parts")
        }
        do throws(PacketMetadataError) {
            try locked(body)
        } catch {
            if !hadLock { try? lock.remove() }
            throw error
        }
    }

    /// Refuses what would go with the registry, or keep its folders, and is none of its parts.
    fileprivate func refuseIfMoreThanRegistry() throws(PacketMetadataError) {
        for pin in [registry, state, asked, claims, nextClaims, seal] {
            guard let names = try? pin.contents(), !names.isEmpty else { continue }
            throw PacketMetadataError(RegistryRefusal.othersFolder(pin.path, contents: names))
        }
        let within = PinSearch(below: folder.entry) { object in
            if case .map(_, PKTMETA_REGISTRY_MAP) = object { true } else { false }
        }.found.map { $0.path.removingLastComponent() }.first { $0 != path }
        if let within { throw PacketMetadataError(RegistryRefusal.holdsRegistry(within)) }
    }
}

extension FolderEntry {
    /// Removes whatever has this name and all below, and detaches what is held by links pinned there; it may be gone
    /// already. No symbolic link is followed.
    ///
    /// What is pinned beside folders goes first: those are an attachment's link, which holds what is in the folders.
    func takeApart() throws(Errno) {
        guard let kind = try kind() else { return }
        guard kind == .folder else {
            // Of a link whose last pin goes, the kernel lets go later. What is no link says EINVAL.
            if kind == .file { do { try BPFLink(pinnedAt: self).detach() } catch {} }
            return try unlink()
        }
        let entries = try contents().map(appending)
        for isFolder in [false, true] {
            for entry in entries {
                guard let kind = try entry.kind(), (kind == .folder) == isFolder else { continue }
                try entry.takeApart()
            }
        }
        try remove()
    }
}
