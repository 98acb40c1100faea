// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// The pinned attachments of a registry, a folder each (AttachmentFolders.swift).
///
/// A folder is built under a temporary name and attached last, then renamed; it is renamed away before it is taken
/// apart. A replacement is pinned in `next` before it is attached. So whatever a killed process leaves, ``recover()``
/// knows from the names and from what is attached what it was about.
struct AttachmentStore: Sendable {
    let pins: RegistryPins

    init(_ pins: RegistryPins) { self.pins = pins }

    static let temporaryPrefix = "tmp-"

    // MARK: Reading

    /// All attachments, also those whose interface is gone.
    ///
    /// - Throws: `badData` if one is not as pktmeta makes them: whoever counts on the list must not miss one.
    func attachments() throws(PacketMetadataError) -> [Attachment] {
        try sound(survey())
    }

    /// The attachment of that name; nil if it has gone meanwhile.
    ///
    /// - Throws: `badData` likewise.
    func attachment(_ name: String) throws(PacketMetadataError) -> Attachment? { try attachments([name]).first }

    /// The attachments of those names that have not gone meanwhile.
    ///
    /// - Parameter objects: keeps the bytes of their programs' objects.
    /// - Throws: `badData` likewise.
    func attachments(
        _ names: [String], keeping objects: ObjectPool = ObjectPool()
    ) throws(PacketMetadataError) -> [Attachment] {
        try sound(survey(of: names, keeping: objects))
    }

    private func sound(_ survey: Survey) throws(PacketMetadataError) -> [Attachment] {
        if let damaged = survey.damaged.first { throw damaged.refusal(of: pins.path) }
        return survey.sound
    }

    func folders(_ name: String) -> Attachment.Folders { Attachment.Folders(pins.attachments.appending(name)) }

    func names() throws(PacketMetadataError) -> [String] {
        try doing(.listAttachments) { () throws(PacketMetadataError) in try pins.refuseIfPartIsNoFolder() }
        do throws(Errno) {
            return try pins.attachments.contents()
        } catch .noSuchFileOrDirectory {
            return []
        } catch {
            throw PacketMetadataError(error, doing: "read \(pins.attachments)").keeping(from: .listAttachments)
        }
    }

    // MARK: Interfaces that moved

    /// Gives an attachment whose interface came from another namespace the name of where it is now.
    ///
    /// - Returns: the name.
    func adopt(_ name: String, at point: HookPoint) throws(PacketMetadataError) -> String {
        let entry = folders(name).entry
        do throws(BPFError) {
            let new = try freeName(point)
            try rename(entry, to: pins.attachments.appending(new))
            return new
        } catch {
            throw PacketMetadataError(error).keeping(from: .adoptAttachment(entry.path))
        }
    }

    /// Frees the name of an attachment that lives on elsewhere.
    ///
    /// - Returns: its new name.
    func setAside(_ name: String) throws(PacketMetadataError) -> String {
        let new = "moved-\(Clock.monotonic)"
        do throws(BPFError) {
            try rename(folders(name).entry, to: pins.attachments.appending(new))
            return new
        } catch {
            throw PacketMetadataError(error)
        }
    }

    // MARK: Writing, under the lock

    /// Attaches programs beside what is attached already.
    ///
    /// - Parameter attach: what puts the first program to its hook.
    /// - Returns: where the attachment is.
    func add(
        _ point: HookPoint, _ chain: RecordedChain, _ attach: (Attachment.Folders) throws(BPFError) -> Void
    ) throws(BPFError) -> FolderEntry {
        let temporary = Attachment.Folders(temporaryEntry())
        do throws(BPFError) {
            let entry = pins.attachments.appending(try freeName(point))
            try makeFolderOfAttachments()
            try makeFolder(temporary.entry)
            try fill(temporary.current, chain)
            try attach(temporary)
            try pins.giveOwner(temporary.entry)
            try rename(temporary.entry, to: entry)
            return entry
        } catch {
            try? takeApart(temporary)
            throw error
        }
    }

    /// Puts programs in the place of those attached, which are kept to go back to; no packet passes without either.
    func swap(_ attachment: Attachment, to chain: RecordedChain) throws(BPFError) {
        let folders = attachment.folders
        let attached = try BPFProgram(pinnedAt: folders.current.member(0).program)
        do throws(BPFError) {
            try fill(folders.next, chain)
            try pins.giveOwner(folders.next.entry)
            try attachment.anchor.update(to: chain.first.program, replacing: attached)
        } catch {
            try? takeApart(folders.next)
            throw error
        }
        do throws(BPFError) {
            try exchange(folders)
        } catch {
            // What cannot be taken back here, recover() will finish, one way or the other.
            try? attachment.anchor.update(to: attached, replacing: chain.first.program)
            if (try? folders.previous.entry.exists()) == false { try? discardNext(folders, unless: chain) }
            throw error
        }
    }

    /// Removes the programs in `next`, unless they are what is attached.
    private func discardNext(_ folders: Attachment.Folders, unless chain: RecordedChain) throws(BPFError) {
        if try folders.anchor.hold()?.programID != chain.first.program.id { try takeApart(folders.next) }
    }

    /// Gives up what ``swap(_:to:)`` kept.
    func settle(_ entries: [FolderEntry]) throws(BPFError) {
        try waitForReplaced(entries)
        for entry in entries { try discardReplaced(entry) }
    }

    /// Waits until no packet needs what ``swap(_:to:)`` kept: one that is still on its way along an old chain, or an old
    /// program's tail calls, must find its end.
    func waitForReplaced(_ entries: [FolderEntry]) throws(BPFError) {
        for entry in entries where try makesTailCalls(Attachment.Folders(entry).next) {
            return try waitForRunningPrograms()
        }
    }

    private func makesTailCalls(_ chain: Attachment.ChainFolder) throws(BPFError) -> Bool {
        let members = try chain.members()
        if members.count > 1 { return true }
        for member in members where try OwnMaps.hasProgramArray(member.maps) { return true }
        return false
    }

    func discardReplaced(_ entry: FolderEntry) throws(BPFError) { try takeApart(Attachment.Folders(entry).next) }

    /// Goes back to what ``swap(_:to:)`` kept.
    func swapBack(_ entry: FolderEntry) throws(BPFError) {
        let folders = Attachment.Folders(entry)
        let attached = try BPFProgram(pinnedAt: folders.current.member(0).program)
        let old = try BPFProgram(pinnedAt: folders.next.member(0).program)
        try Attachment(entry).anchor.update(to: old, replacing: attached)
        try exchange(folders)
        try settle([entry])
    }

    /// Detaches the programs and removes their pins.
    func remove(_ attachment: Attachment) throws(BPFError) {
        // Once it is renamed, all commands would try to finish it.
        try attachment.anchor.refuseIfOutOfReach()
        let temporary = temporaryEntry()
        try rename(attachment.entry, to: temporary)
        try takeApart(Attachment.Folders(temporary))
    }

    // MARK: Parts

    /// Unique while the lock is held.
    private func temporaryEntry() -> FolderEntry {
        pins.attachments.appending("\(Self.temporaryPrefix)\(Clock.monotonic)")
    }

    /// Somebody may have removed it.
    private func makeFolderOfAttachments() throws(BPFError) {
        if try pins.attachments.isThere() { return }
        try makeFolder(pins.attachments)
        try pins.giveOwner(pins.attachments)
    }

    private func freeName(_ point: HookPoint) throws(BPFError) -> String {
        var number = 0
        while try pins.attachments.appending(point.name(number)).isThere() { number += 1 }
        return point.name(number)
    }

    private func fill(_ folder: Attachment.ChainFolder, _ chain: RecordedChain) throws(BPFError) {
        try makeFolder(folder.entry)
        for (index, (record, member)) in zip(chain.records, chain.members).enumerated() {
            let folders = folder.member(index)
            try makeFolder(folders.entry)
            try makeFolder(folders.maps)
            try record.makeMap().pin(at: folders.record)
            try OwnMaps.pin(member.loaded.object, in: folders.maps)
            if index + 1 < chain.members.count { try member.loaded.pinSuccessor(at: folders.successor) }
            try member.loaded.program.pin(at: folders.program)
        }
    }

    /// Gives the attached programs the name `current`, and those that were there before the name `next`.
    func exchange(_ folders: Attachment.Folders) throws(BPFError) {
        do throws(Errno) {
            try folders.current.entry.exchange(with: folders.next.entry)
        } catch .invalidArgument {
            // bpffs can since Linux 5.16.
            try rename(folders.current.entry, to: folders.previous.entry)
            try finishExchange(folders)
        } catch {
            throw BPFError("exchange \(folders.next.entry)", error)
        }
    }

    /// Goes on with an exchange in steps, wherever a process was killed: the hook holds the new programs already.
    func finishExchange(_ folders: Attachment.Folders) throws(BPFError) {
        guard try folders.previous.entry.isThere() else { return }
        if try !folders.current.entry.isThere() { try rename(folders.next.entry, to: folders.current.entry) }
        try rename(folders.previous.entry, to: folders.next.entry)
    }

    private func rename(_ old: FolderEntry, to new: FolderEntry) throws(BPFError) {
        try perform("rename \(old)") { () throws(Errno) in try old.rename(to: new) }
    }

    private func makeFolder(_ entry: FolderEntry) throws(BPFError) {
        try perform("make \(entry)") { () throws(Errno) in try entry.makeFolder() }
    }

    func perform(_ operation: String, _ body: () throws(Errno) -> Void) throws(BPFError) {
        do throws(Errno) {
            try body()
        } catch {
            throw BPFError(operation, error)
        }
    }
}

extension HookPoint {
    /// The point of an attachment of that name; nil if the name is none that ``AttachmentStore`` gives.
    init?(attachmentNamed name: String) {
        let words = name.split(separator: "-")
        guard words.count == 4, let site = HookSite(words: words[0], words[1]),
            let hook = Hook(rawValue: String(words[2]))
        else { return nil }
        self.init(site: site, hook: hook)
    }

    /// Of the number-th attachment there. bpffs takes no dots in names.
    fileprivate func name(_ number: Int) -> String { prefix + String(number) }

    fileprivate var prefix: String { "\(site.words)-\(hook.rawValue)-" }
}
