// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// The pinned attachments of a registry, one folder each: `link`, `program`, `record`.
///
/// A folder is built under a temporary name with the link last, then renamed; it is renamed away before it is taken
/// apart. A replacement is pinned beside what it replaces before the link is updated. So whatever a killed process
/// leaves, ``recover()`` knows from the names and the link alone what it was about.
struct AttachmentStore: Sendable {
    let folder: RegistryFolder

    init(_ folder: RegistryFolder) { self.folder = folder }

    /// An interface's hook in a network namespace; an ifindex repeats across namespaces.
    struct Key: Hashable, Sendable {
        let netnsCookie: UInt64
        let ifindex: UInt32
        let hook: Hook

        init(netnsCookie: UInt64, ifindex: UInt32, hook: Hook) {
            self.netnsCookie = netnsCookie
            self.ifindex = ifindex
            self.hook = hook
        }

        init(_ record: AttachmentRecord) {
            self.init(netnsCookie: record.netnsCookie, ifindex: record.ifindex, hook: record.hook)
        }

        /// bpffs takes no dots in names.
        var name: String { "\(netnsCookie)-\(ifindex)-\(hook.rawValue)" }
    }

    /// An attachment as it is pinned.
    struct Attachment: Sendable {
        let record: AttachmentRecord
        let path: FilePath

        var key: Key { Key(record) }

        /// Fields that its program uses by id.
        var usedFields: Set<FieldName> {
            guard let object = try? BPFObject(bytes: record.object.bytes, name: "pktmeta") else { return [] }
            return Set(ProgramLoader.usedFields(object).compactMap { try? FieldName($0) })
        }
    }

    enum Pin: String, CaseIterable {
        // In the order of taking apart: the link first, so that what is half gone is also detached.
        case link, program, record
        case nextProgram = "program_next"
        case nextRecord = "record_next"
    }

    private static let temporaryPrefix = "tmp-"

    // MARK: Reading

    /// All attachments, also those whose interface is gone.
    func attachments() throws(PacketMetadataError) -> [Attachment] {
        try names().filter { !$0.hasPrefix(Self.temporaryPrefix) }.compactMap { name in
            let path = folder.attachments.appending(name)
            guard let map = try? BPFMap(pinnedAt: path.appending(Pin.record.rawValue), readOnly: true),
                let record = try? AttachmentRecord(map: map)
            else { return nil }
            return Attachment(record: record, path: path)
        }
    }

    func attachment(_ key: Key) throws(PacketMetadataError) -> Attachment? {
        try attachments().first { $0.key == key }
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
        _ record: AttachmentRecord, _ program: borrowing BPFProgram, _ makeLink: () throws(BPFError) -> BPFLink
    ) throws(BPFError) {
        let temporary = temporaryPath()
        do {
            try Folder.make(temporary)
            try record.makeMap().pin(at: temporary.appending(Pin.record.rawValue))
            try program.pin(at: temporary.appending(Pin.program.rawValue))
            let link = try makeLink()
            try link.pin(at: temporary.appending(Pin.link.rawValue))
            try Folder.rename(temporary, to: path(Key(record)))
        } catch {
            takeApart(temporary)
            throw error as? BPFError ?? BPFError("pin the attachment", error as? Errno ?? .ioError)
        }
    }

    /// Puts a program in the place of the one attached, and gives that back.
    func replace(
        _ old: Attachment, by record: AttachmentRecord, _ program: borrowing BPFProgram
    ) throws(BPFError) -> BPFProgram {
        let link = try BPFLink(pinnedAt: old.path.appending(Pin.link.rawValue))
        let attached = try BPFProgram(pinnedAt: old.path.appending(Pin.program.rawValue))
        do {
            try record.makeMap().pin(at: old.path.appending(Pin.nextRecord.rawValue))
            try program.pin(at: old.path.appending(Pin.nextProgram.rawValue))
            try link.update(to: program, replacing: attached)
            try finishReplacing(old.path)
        } catch {
            try? abandonReplacing(old.path)
            throw error as? BPFError ?? BPFError("pin the replacement", error as? Errno ?? .ioError)
        }
        return attached
    }

    /// Detaches the program and removes its pins.
    func remove(_ attachment: Attachment) throws(Errno) {
        let temporary = temporaryPath()
        try Folder.rename(attachment.path, to: temporary)
        takeApart(temporary)
    }

    /// Finishes or removes what killed processes left.
    func recover() throws(PacketMetadataError) {
        for name in try names() {
            let path = folder.attachments.appending(name)
            if name.hasPrefix(Self.temporaryPrefix) {
                takeApart(path)
            } else if hasReplacement(path) {
                do {
                    if isReplaced(path) { try finishReplacing(path) } else { try abandonReplacing(path) }
                } catch {
                    throw PacketMetadataError(
                        .system, "cannot finish the attachment \(path)", reason: "\(error)")
                }
            }
        }
    }

    // MARK: Parts

    private func path(_ key: Key) -> FilePath { folder.attachments.appending(key.name) }

    /// Unique while the lock is held.
    private func temporaryPath() -> FilePath {
        folder.attachments.appending("\(Self.temporaryPrefix)\(Clock.monotonic)")
    }

    private func takeApart(_ path: FilePath) {
        for pin in Pin.allCases { try? Folder.unlink(path.appending(pin.rawValue)) }
        try? Folder.remove(path)
    }

    private func hasReplacement(_ path: FilePath) -> Bool {
        [Pin.nextProgram, .nextRecord].contains { Folder.exists(path.appending($0.rawValue)) }
    }

    private func isReplaced(_ path: FilePath) -> Bool {
        guard let link = try? BPFLink(pinnedAt: path.appending(Pin.link.rawValue)),
            let next = try? BPFProgram(pinnedAt: path.appending(Pin.nextProgram.rawValue)),
            let information = try? link.information
        else { return false }
        return information.programID == next.id
    }

    /// The record first: with the program still to be renamed, the link tells that it was replaced.
    private func finishReplacing(_ path: FilePath) throws(Errno) {
        let record = path.appending(Pin.nextRecord.rawValue)
        if Folder.exists(record) { try Folder.rename(record, to: path.appending(Pin.record.rawValue)) }
        try Folder.rename(path.appending(Pin.nextProgram.rawValue), to: path.appending(Pin.program.rawValue))
    }

    private func abandonReplacing(_ path: FilePath) throws(Errno) {
        try Folder.unlink(path.appending(Pin.nextProgram.rawValue))
        try Folder.unlink(path.appending(Pin.nextRecord.rawValue))
    }
}
