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
    let folder: RegistryFolder

    init(_ folder: RegistryFolder) { self.folder = folder }

    /// A hook of an interface in a network namespace; an ifindex repeats across namespaces.
    struct Place: Hashable, Sendable {
        let netnsCookie: UInt64
        let ifindex: UInt32
        let hook: Hook

        /// Of the number-th attachment there. bpffs takes no dots in names.
        func name(_ number: Int) -> String { prefix + String(number) }

        fileprivate var prefix: String { "\(netnsCookie)-\(ifindex)-\(hook.rawValue)-" }
    }

    private static let temporaryPrefix = "tmp-"

    // MARK: Reading

    /// All attachments, also those whose interface is gone.
    ///
    /// - Throws: `badData` if one is not as pktmeta makes them: whoever counts on the list must not miss one.
    func attachments() throws(PacketMetadataError) -> [Attachment] {
        try attachments { !$0.hasPrefix(Self.temporaryPrefix) }
    }

    func attachments(at place: Place) throws(PacketMetadataError) -> [Attachment] {
        try attachments { $0.hasPrefix(place.prefix) }
    }

    private func attachments(
        _ isWanted: (String) -> Bool
    ) throws(PacketMetadataError) -> [Attachment] {
        var attachments: [Attachment] = []
        for name in try names() where isWanted(name) {
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

    private func names() throws(PacketMetadataError) -> [String] {
        do throws(Errno) {
            return try Folder.names(in: folder.attachments)
        } catch .noSuchFileOrDirectory {
            return []
        } catch {
            throw PacketMetadataError(error, "cannot list attachments", doing: "read \(folder.attachments)")
        }
    }

    // MARK: Interfaces that moved

    /// An interface that moved to another namespace takes its programs along: finds the attachments by what the hook
    /// holds, and gives them their new names.
    func adopt(_ place: Place, holding programIDs: [UInt32]) throws(PacketMetadataError) {
        for attachment in try attachments()
        where attachment.record.hook == place.hook && !attachment.name.hasPrefix(place.prefix) {
            do throws(BPFError) {
                guard let id = try attachment.anchor.programID(), programIDs.contains(id) else { continue }
                try rename(attachment.path, to: folder.attachments.appending(freeName(place)))
            } catch {
                throw PacketMetadataError(error, "cannot adopt the attachment \(attachment.path)")
            }
        }
    }

    /// Frees the name of an attachment that lives on elsewhere.
    func setAside(_ attachment: Attachment, _ summary: String) throws(PacketMetadataError) {
        do throws(BPFError) {
            try rename(attachment.path, to: folder.attachments.appending("moved-\(Clock.monotonic)"))
        } catch {
            throw PacketMetadataError(error, summary)
        }
    }

    // MARK: Writing, under the lock

    /// Attaches programs beside what is attached already.
    ///
    /// - Parameter attach: what puts the first program to its hook.
    /// - Returns: where the attachment is.
    func add(
        _ place: Place, _ chain: LoadedChain, _ attach: (Attachment.Folders) throws(BPFError) -> Void
    ) throws(BPFError) -> FilePath {
        let temporary = Attachment.Folders(temporaryPath())
        do throws(BPFError) {
            let path = folder.attachments.appending(try freeName(place))
            try makeFolder(temporary.path)
            try fill(temporary.current, chain)
            try attach(temporary)
            try folder.giveRegistrysAccess(to: temporary.path)
            try rename(temporary.path, to: path)
            return path
        } catch {
            try? takeApart(temporary)
            throw error
        }
    }

    /// Puts programs in the place of those attached, which are kept to go back to; no packet passes without either.
    func swap(_ attachment: Attachment, to chain: LoadedChain) throws(BPFError) {
        let folders = attachment.folders
        let attached = try BPFProgram(pinnedAt: folders.current.member(0).program)
        do throws(BPFError) {
            try fill(folders.next, chain)
            try folder.giveRegistrysAccess(to: folders.next.path)
            try attachment.anchor.update(to: chain.first.program, replacing: attached)
        } catch {
            try? takeApart(folders.next)
            throw error
        }
        // From here on the new programs are attached: if this fails, recover() goes on with them.
        try exchange(folders)
    }

    /// Gives up what ``swap(_:to:)`` kept.
    func settle(_ path: FilePath) throws(BPFError) {
        let folders = Attachment.Folders(path)
        // A packet that is still on its way along the old chain, or an old program's tail calls, must find its end.
        let members = try folders.next.members()
        var makeTailCalls = members.count > 1
        for member in members where !makeTailCalls { makeTailCalls = try OwnMaps.hasProgramArray(member.maps) }
        if makeTailCalls { try waitForRunningPrograms() }
        try takeApart(folders.next)
    }

    /// Goes back to what ``swap(_:to:)`` kept.
    func swapBack(_ path: FilePath) throws(BPFError) {
        let folders = Attachment.Folders(path)
        let attached = try BPFProgram(pinnedAt: folders.current.member(0).program)
        let old = try BPFProgram(pinnedAt: folders.next.member(0).program)
        try Attachment(path: path).anchor.update(to: old, replacing: attached)
        try exchange(folders)
        try settle(path)
    }

    /// Detaches the programs and removes their pins.
    func remove(_ attachment: Attachment) throws(BPFError) {
        // Once it is renamed, all commands would try to finish it.
        try attachment.anchor.refuseIfOutOfReach()
        let temporary = temporaryPath()
        try rename(attachment.path, to: temporary)
        try takeApart(Attachment.Folders(temporary))
    }

    // MARK: Recovery

    /// Finishes or removes what killed processes left, and what was attached to interfaces that are gone.
    ///
    /// - Returns: what was done, in words.
    @discardableResult
    func recover() throws(PacketMetadataError) -> [String] {
        var done: [String] = []
        for name in try names() {
            let folders = Attachment.Folders(folder.attachments.appending(name))
            do throws(BPFError) {
                if name.hasPrefix(Self.temporaryPrefix) {
                    try takeApart(folders)
                    done.append("removed the half-made or half-removed attachment \(name)")
                } else if let text = try recover(folders) {
                    done.append(text)
                }
            } catch {
                throw PacketMetadataError(
                    error, "cannot finish the attachment \(folders.path)", remedy: "rm -r \(folders.path) detaches it.")
            }
        }
        return done
    }

    private func recover(_ folders: Attachment.Folders) throws(BPFError) -> String? {
        let wasExchanging = Folder.exists(folders.previous.path)
        try finishExchange(folders)
        let attachment = try Attachment(path: folders.path)
        let record = attachment.record
        let text = "\(record.interface): \(record.hook): \(record.program)"
        switch try attachment.anchor.state() {
        case .outOfReach: return nil
        case .gone:
            try remove(attachment)
            return "\(text): forgotten, since its interface is gone or others have detached it"
        case .attached(let attached):
            guard Folder.exists(folders.next.path) else { return nil }
            let next = folders.next.member(0).program
            var isNext = false
            if Folder.exists(next) { isNext = try BPFProgram(pinnedAt: next).id == attached }
            if isNext { try exchange(folders) }
            try settle(folders.path)
            return "\(text): \(isNext || wasExchanging ? "finished" : "took back") a replacement that was cut short"
        }
    }

    // MARK: Parts

    /// Unique while the lock is held.
    private func temporaryPath() -> FilePath {
        folder.attachments.appending("\(Self.temporaryPrefix)\(Clock.monotonic)")
    }

    private func freeName(_ place: Place) throws(BPFError) -> String {
        var number = 0
        while Folder.exists(folder.attachments.appending(place.name(number))) { number += 1 }
        return place.name(number)
    }

    private func fill(_ folder: Attachment.ChainFolder, _ chain: LoadedChain) throws(BPFError) {
        try makeFolder(folder.path)
        for (index, member) in chain.members.enumerated() {
            let folders = folder.member(index)
            try makeFolder(folders.path)
            try makeFolder(folders.maps)
            try member.record.makeMap().pin(at: folders.record)
            try OwnMaps.pin(member.loaded.object, in: folders.maps)
            if index + 1 < chain.members.count { try member.loaded.pinSuccessor(at: folders.successor) }
            try member.loaded.program.pin(at: folders.program)
        }
    }

    /// Gives the attached programs the name `current`, and those that were there before the name `next`.
    private func exchange(_ folders: Attachment.Folders) throws(BPFError) {
        do throws(Errno) {
            try Folder.exchange(folders.current.path, with: folders.next.path)
        } catch .invalidArgument {
            // bpffs can since Linux 5.16.
            try rename(folders.current.path, to: folders.previous.path)
            try finishExchange(folders)
        } catch {
            throw BPFError("exchange \(folders.next.path)", error)
        }
    }

    /// Goes on with an exchange in steps, wherever a process was killed: the hook holds the new programs already.
    private func finishExchange(_ folders: Attachment.Folders) throws(BPFError) {
        guard Folder.exists(folders.previous.path) else { return }
        if !Folder.exists(folders.current.path) { try rename(folders.next.path, to: folders.current.path) }
        try rename(folders.previous.path, to: folders.next.path)
    }

    private func rename(_ old: FilePath, to new: FilePath) throws(BPFError) {
        try perform("rename \(old)") { () throws(Errno) in try Folder.rename(old, to: new) }
    }

    /// The hook first, so that what is half gone is also detached.
    private func takeApart(_ folders: Attachment.Folders) throws(BPFError) {
        try folders.anchor.letGo()
        try takeApart(folders.current)
        try takeApart(folders.next)
        try takeApart(folders.previous)
        try perform("remove \(folders.path)") { () throws(Errno) in
            try Folder.unlink(folders.witness)
            try Folder.remove(folders.path)
        }
    }

    private func takeApart(_ chain: Attachment.ChainFolder) throws(BPFError) {
        if !Folder.exists(chain.path) { return }
        for member in try chain.members() { try takeApart(member) }
        try perform("remove \(chain.path)") { () throws(Errno) in try Folder.remove(chain.path) }
    }

    private func takeApart(_ member: Attachment.MemberFolders) throws(BPFError) {
        try perform("remove \(member.path)") { () throws(Errno) in
            if Folder.exists(member.maps) {
                for map in try Folder.names(in: member.maps) { try Folder.unlink(member.maps.appending(map)) }
            }
            try Folder.remove(member.maps)
            try Folder.unlink(member.program)
            try Folder.unlink(member.successor)
            try Folder.unlink(member.record)
            try Folder.remove(member.path)
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
