// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// The pinned attachments of a registry, one folder each, with
///
///     link
///     current/   what is attached: program, record, maps/
///     next/      what is about to take its place
///
/// A folder is built under a temporary name with the link last, then renamed; it is renamed away before it is taken
/// apart. A replacement is pinned in `next` before the link is updated. So whatever a killed process leaves,
/// ``recover()`` knows from the names and the link alone what it was about.
struct AttachmentStore: Sendable {
    let folder: RegistryFolder

    init(_ folder: RegistryFolder) { self.folder = folder }

    /// An interface's hook in a network namespace; an ifindex repeats across namespaces.
    struct Key: Hashable, Sendable {
        let netnsCookie: UInt64
        let ifindex: UInt32
        let hook: Hook

        /// bpffs takes no dots in names.
        var name: String { "\(netnsCookie)-\(ifindex)-\(hook.rawValue)" }
    }

    private static let temporaryPrefix = "tmp-"

    // MARK: Reading

    /// All attachments, also those whose interface is gone.
    ///
    /// - Throws: `badData` if one is not as pktmeta makes them: whoever counts on the list must not miss one.
    func attachments() throws(PacketMetadataError) -> [Attachment] {
        var attachments: [Attachment] = []
        for name in try names() where !name.hasPrefix(Self.temporaryPrefix) {
            let path = folder.attachments.appending(name)
            do throws(BPFError) {
                attachments.append(try Attachment(path: path))
            } catch {
                throw PacketMetadataError(
                    .badData, "cannot read the attachment \(path)", reason: "\(error.operation): \(error.errno.name)",
                    remedy: "rm -r \(path) detaches it.")
            }
        }
        return attachments
    }

    func attachment(_ key: Key) throws(PacketMetadataError) -> Attachment? {
        try attachments().first { $0.name == key.name }
    }

    /// An interface that moved to another namespace takes its programs along: finds the attachment by what the hook
    /// holds, and gives it its new name.
    func adopt(_ key: Key, programIDs: [UInt32]) throws(PacketMetadataError) -> Attachment? {
        let hookAttachments = try attachments().filter { $0.record.hook == key.hook }
        do throws(BPFError) {
            for attachment in hookAttachments where programIDs.contains(try attachment.link().programID) {
                let path = path(key)
                try perform("rename \(attachment.path)") { () throws(Errno) in
                    try Folder.rename(attachment.path, to: path)
                }
                return try Attachment(path: path)
            }
        } catch {
            throw PacketMetadataError(error, "cannot adopt the attachment \(key.name)")
        }
        return nil
    }

    /// Frees the name of an attachment that lives on elsewhere.
    func setAside(_ attachment: Attachment, _ summary: String) throws(PacketMetadataError) {
        do throws(BPFError) {
            let aside = folder.attachments.appending("moved-\(try attachment.link().id)")
            try perform("rename \(attachment.path)") { () throws(Errno) in
                try Folder.rename(attachment.path, to: aside)
            }
        } catch {
            throw PacketMetadataError(error, summary)
        }
    }

    private func names() throws(PacketMetadataError) -> [String] {
        do throws(Errno) {
            return try Folder.names(in: folder.attachments)
        } catch .noSuchFileOrDirectory {
            return []
        } catch {
            throw PacketMetadataError(error, "cannot list attachments", doing: "read \(folder.attachments)")
        }
    }

    // MARK: Writing, under the lock

    /// Attaches a program where nothing of this registry is attached.
    func add(
        _ key: Key, _ record: AttachmentRecord, _ loaded: ProgramLoader.Loaded,
        _ makeLink: () throws(BPFError) -> BPFLink
    ) throws(BPFError) {
        let temporary = Attachment.Folders(temporaryPath())
        do throws(BPFError) {
            try makeFolder(temporary.path)
            try fill(temporary.current, record, loaded)
            let link = try makeLink()
            try link.pin(at: temporary.link)
            try perform("rename \(temporary.path)") { () throws(Errno) in
                try Folder.rename(temporary.path, to: path(key))
            }
        } catch {
            try? takeApart(temporary)
            throw error
        }
    }

    /// What a replacement took the place of, with all that ``restore(_:_:)`` needs.
    final class Replaced {
        let program: BPFProgram
        let record: AttachmentRecord
        let maps: [OwnMaps.Open]

        init(_ program: consuming BPFProgram, _ record: AttachmentRecord, _ maps: [OwnMaps.Open]) {
            self.program = program
            self.record = record
            self.maps = maps
        }
    }

    /// Puts a program in the place of the one attached, and gives that back.
    func replace(
        _ old: Attachment, by record: AttachmentRecord, _ loaded: ProgramLoader.Loaded
    ) throws(BPFError) -> Replaced {
        let folders = old.folders
        let attached = try BPFProgram(pinnedAt: folders.current.program)
        let maps = try OwnMaps.open(in: folders.current.maps)
        do throws(BPFError) {
            try fill(folders.next, record, loaded)
            try BPFLink(pinnedAt: folders.link).update(to: loaded.program, replacing: attached)
        } catch {
            try? takeApart(folders.next)
            throw error
        }
        // From here on the new program is attached: if this fails, recover() goes on with it.
        try finishReplacing(folders)
        return Replaced(attached, old.record, maps)
    }

    /// Puts a program back that ``replace(_:by:_:)`` gave.
    func restore(_ attachment: Attachment, _ replaced: Replaced) throws(BPFError) {
        let folders = attachment.folders
        let attached = try BPFProgram(pinnedAt: folders.current.program)
        try makeFolder(folders.next.path)
        try makeFolder(folders.next.maps)
        try replaced.record.makeMap().pin(at: folders.next.record)
        for map in replaced.maps { try map.pin(in: folders.next.maps) }
        try replaced.program.pin(at: folders.next.program)
        try BPFLink(pinnedAt: folders.link).update(to: replaced.program, replacing: attached)
        try finishReplacing(folders)
    }

    /// Detaches the program and removes its pins.
    func remove(_ attachment: Attachment) throws(BPFError) {
        let temporary = temporaryPath()
        try perform("rename \(attachment.path)") { () throws(Errno) in
            try Folder.rename(attachment.path, to: temporary)
        }
        try takeApart(Attachment.Folders(temporary))
    }

    /// Finishes or removes what killed processes left, and what is attached to interfaces that are gone.
    func recover() throws(PacketMetadataError) {
        for name in try names() {
            let folders = Attachment.Folders(folder.attachments.appending(name))
            do throws(BPFError) {
                if name.hasPrefix(Self.temporaryPrefix) {
                    try takeApart(folders)
                } else if try BPFLink(pinnedAt: folders.link).information.ifindex == 0 {
                    try remove(Attachment(path: folders.path))
                } else if Folder.exists(folders.next.path) {
                    try recoverReplacing(folders)
                }
            } catch {
                throw PacketMetadataError(
                    error, "cannot finish the attachment \(folders.path)", remedy: "rm -r \(folders.path) detaches it.")
            }
        }
    }

    private func recoverReplacing(_ folders: Attachment.Folders) throws(BPFError) {
        if Folder.exists(folders.next.program),
            try BPFLink(pinnedAt: folders.link).information.programID == BPFProgram(pinnedAt: folders.next.program).id
        {
            try finishReplacing(folders)
        } else {
            try takeApart(folders.next)
        }
    }

    // MARK: Parts

    private func path(_ key: Key) -> FilePath { folder.attachments.appending(key.name) }

    /// Unique while the lock is held.
    private func temporaryPath() -> FilePath {
        folder.attachments.appending("\(Self.temporaryPrefix)\(Clock.monotonic)")
    }

    private func fill(
        _ part: Attachment.Part, _ record: AttachmentRecord, _ loaded: ProgramLoader.Loaded
    ) throws(BPFError) {
        try makeFolder(part.path)
        try makeFolder(part.maps)
        try record.makeMap().pin(at: part.record)
        try OwnMaps.pin(loaded.object, in: part.maps)
        try loaded.program.pin(at: part.program)
    }

    private func finishReplacing(_ folders: Attachment.Folders) throws(BPFError) {
        try perform("exchange \(folders.next.path)") { () throws(Errno) in
            try Folder.exchange(folders.current.path, with: folders.next.path)
        }
        try takeApart(folders.next)
    }

    /// The link first, so that what is half gone is also detached.
    private func takeApart(_ folders: Attachment.Folders) throws(BPFError) {
        // A link whose last pin goes is let go of only after a grace period: the hook would be taken a while longer. If
        // this fails, unlinking does it.
        do { try BPFLink(pinnedAt: folders.link).detach() } catch {}
        try perform("unlink \(folders.link)") { () throws(Errno) in try Folder.unlink(folders.link) }
        try takeApart(folders.current)
        try takeApart(folders.next)
        try perform("remove \(folders.path)") { () throws(Errno) in try Folder.remove(folders.path) }
    }

    private func takeApart(_ part: Attachment.Part) throws(BPFError) {
        try perform("remove \(part.path)") { () throws(Errno) in
            if !Folder.exists(part.path) { return }
            if Folder.exists(part.maps) {
                for map in try Folder.names(in: part.maps) { try Folder.unlink(part.maps.appending(map)) }
            }
            try Folder.remove(part.maps)
            try Folder.unlink(part.program)
            try Folder.unlink(part.record)
            try Folder.remove(part.path)
        }
    }

    private func makeFolder(_ path: FilePath) throws(BPFError) {
        try perform("make \(path)") { () throws(Errno) in try Folder.make(path) }
    }

    private func perform(_ operation: String, _ body: () throws(Errno) -> Void) throws(BPFError) {
        do throws(Errno) {
            try body()
        } catch {
            throw BPFError(operation, error)
        }
    }
}
