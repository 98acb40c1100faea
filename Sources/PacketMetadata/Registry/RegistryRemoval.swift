// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
public import SystemPackage

/// What is gone with a registry.
public struct RegistryDeletion: Sendable, Equatable {
    /// Its folder of pins.
    public let path: FilePath
    /// In the order in which it was detached.
    public let detached: [AttachmentReport]
    /// The names of the fields that were registered; of a damaged registry, of those that could be read.
    public let fields: [String]
}

extension Registry {
    /// Detaches all programs of a registry and removes its pins. What packets still carry is nobody's then.
    ///
    /// Nothing is removed that is not in the registry's own folder, in a BPF file system.
    ///
    /// - Parameters:
    ///   - path: its folder of pins.
    ///   - trustsOwner: as for ``open(at:for:trustsOwner:waiting:recording:)``.
    ///   - waiting: likewise.
    ///   - recording: likewise.
    /// - Returns: what is gone with it.
    /// - Throws: `notFound` if the folder does not exist; `badData` if it is not in a BPF file system; `missingPrivilege`;
    ///   `unfinished` if some of it is gone already.
    @discardableResult
    public static func remove(
        at path: FilePath, trustsOwner: Bool = false, waiting: LockWait = LockWait(),
        recording: @escaping @Sendable (RegistryChange) -> Void = { _ in }
    ) throws(PacketMetadataError) -> RegistryDeletion {
        let folder = try RegistryFolder(
            path: path, waiting: waiting, trustsOwner: trustsOwner, recording: recording)
        let summary = "cannot remove the registry \(folder.path)"
        let pins = try folder.open(for: .write, summary)
        guard try pins.isRegistry(summary) else { throw folder.missing(summary) }
        try pins.refuseOthers(summary)
        let fields = try fieldsUnlessOtherABI(pins)
        var detached: [AttachmentReport] = []
        try pins.locked { () throws(PacketMetadataError) in
            let followers = pins.followers
            var before: Set<String> = []
            do throws(PacketMetadataError) {
                for follower in followers { _ = try follower.recover() }
                before = try pins.namesOfAttachments(summary)
            } catch {
                throw error.keeping(from: summary)
            }
            var (done, all) = (0, before.count)
            do throws(PacketMetadataError) {
                for follower in followers {
                    detached += try follower.removeAll(summary) { (done, all) = ($0, $1) }
                }
                try pins.removeAll(summary)
                pins.record(.deleted)
            } catch {
                let isBegun =
                    (try? pins.namesOfAttachments(summary)) != before || (try? pins.registry.exists()) == false
                guard isBegun else { throw error.keeping(from: summary) }
                throw error.unfinished(
                    summary, "\(done) of \(all.of("attachment")) \(done == 1 ? "is" : "are") detached",
                    remedy: "pktmeta delete-registry --force --registry \(folder.path) goes on with it.")
            }
        }
        return RegistryDeletion(path: folder.path, detached: detached, fields: fields)
    }

    /// A damaged registry can be removed; one of another version is that version's.
    ///
    /// - Returns: the names of the fields that can be read.
    private static func fieldsUnlessOtherABI(_ pins: RegistryPins) throws(PacketMetadataError) -> [String] {
        do throws(PacketMetadataError) {
            return try open(pins, for: .read).image().fields.map(\.name.text)
        } catch {
            guard error.kind == .incompatibleABI else { return [] }
            var error = error
            error.remedy =
                "Use the pktmeta that made it; pktmeta remove-from-host --force --registry \(ShellWord.quoted(pins.path.string)) "
                + "removes it, whatever its version."
            throw error
        }
    }
}

extension RegistryPins {
    /// Also one that was cut short while it was made or removed, down to an empty folder; nothing that is no registry.
    fileprivate func isRegistry(_ summary: String) throws(PacketMetadataError) -> Bool {
        do throws(Errno) {
            if try !isEmpty { return true }
            return try folder.entry.contents().isEmpty
        } catch {
            throw PacketMetadataError(error, summary, doing: "look at \(path)")
        }
    }

    /// None if there is no folder of them.
    fileprivate func namesOfAttachments(_ summary: String) throws(PacketMetadataError) -> Set<String> {
        do throws(Errno) {
            return Set(try attachments.contents())
        } catch .noSuchFileOrDirectory {
            return []
        } catch {
            throw PacketMetadataError(error, summary, doing: "read \(attachments)")
        }
    }

    fileprivate func removeAll(_ summary: String) throws(PacketMetadataError) {
        do throws(Errno) {
            try removeParts()
            try removeFolderUnlessGiven()
        } catch {
            throw PacketMetadataError(error, summary, doing: "remove its pins")
        }
    }

    /// All but the folder.
    func removeParts() throws(Errno) {
        for pin in [registry, state] { try pin.unlink() }
        // The one by which a removal that was cut short is known goes last.
        for entry in [lock, attachments] { try entry.remove() }
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
    func removeByPins(_ summary: String) throws(PacketMetadataError) {
        try locked { () throws(PacketMetadataError) in
            do throws(Errno) {
                for name in try contents(of: attachments) { try takeApart(attachments.appending(name)) }
                for name in try contents(of: folder.entry) {
                    let entry = folder.entry.appending(name)
                    guard try entry.kind() == .file, let map = try? BPFMap(pinnedAt: entry, readOnly: true),
                        map.name.hasPrefix(Self.mapPrefix)
                    else { continue }
                    try entry.unlink()
                }
            } catch {
                throw PacketMetadataError(error, summary, doing: "remove its pins")
            }
            try removeAll(summary)
        }
    }

    private func contents(of entry: FolderEntry) throws(Errno) -> [String] {
        try entry.exists() ? try entry.contents() : []
    }

    /// What is pinned beside folders first: those are an attachment's link, which holds what is in the folders.
    private func takeApart(_ entry: FolderEntry) throws(Errno) {
        guard try entry.kind() == .folder else {
            // Of a link whose last pin goes, the kernel lets go later. What is no link says EINVAL.
            do { try BPFLink(pinnedAt: entry).detach() } catch {}
            return try entry.unlink()
        }
        let entries = try entry.contents().map(entry.appending)
        for isFolder in [false, true] {
            for entry in entries {
                guard let kind = try entry.kind(), (kind == .folder) == isFolder else { continue }
                try takeApart(entry)
            }
        }
        try entry.remove()
    }
}
