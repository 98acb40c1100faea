// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
internal import SystemPackage

/// Who may read a registry's fields and what happened to them, beside its owner: the two maps that say so.
///
/// What is pinned for attachments stays the owner's alone, whatever the access: a program can be run by whoever can open
/// its pin, for reading too (`BPF_PROG_TEST_RUN`), packets sent by it included; a record holds an object that the next
/// writer loads.
///
/// Nobody else may write them: who can change a registry decides what programs its next writer loads, with that one's
/// capabilities. Several people write as one user, by sudo or the like.
public struct PinAccess: Sendable, Hashable {
    /// Of a pin; folders get the right to look up names as well.
    package let bits: UInt32
    /// nil: as it is.
    package let group: UInt32?

    /// - Parameters:
    ///   - modeBits: octal, as for chmod(1): 0600, 0640, 0644 or 0604; nil is 0640 with a group.
    ///   - group: a group's name or number.
    /// - Throws: `usage` for other bits; `notFound` if there is no such group.
    public init(modeBits: String?, group: String?) throws(PacketMetadataError) {
        let summary = "cannot set who may read the registry"
        let text = modeBits ?? (group == nil ? "0600" : "0640")
        guard let bits = UInt32(text, radix: 8), text.allSatisfy(\.isNumber), text.count <= 4, bits <= 0o777 else {
            throw PacketMetadataError(
                .usage, summary, reason: "'\(text)' are no mode bits",
                remedy: "They are octal, as for chmod: 0600, 0640, 0644.")
        }
        guard bits & 0o022 == 0 else {
            throw PacketMetadataError(
                .usage, summary,
                reason: "\(text) lets others write, and so decide what programs the registry's owner loads",
                remedy: "Let them read (0640, 0644); who is to write runs pktmeta as the owner.")
        }
        guard bits & 0o111 == 0, bits & 0o600 == 0o600 else {
            throw PacketMetadataError(
                .usage, summary, reason: "pins are read and written by their owner, and never executed",
                remedy: "Modes are 0600, 0640, 0644 and 0604.")
        }
        guard group == nil || bits & 0o040 != 0 else {
            throw PacketMetadataError(
                .usage, summary, reason: "with \(text) a group may do nothing", remedy: "0640 lets it read.")
        }
        self.bits = bits
        self.group = try group.map { (name) throws(PacketMetadataError) in try Self.number(of: name, summary) }
    }

    private static func number(of name: String, _ summary: String) throws(PacketMetadataError) -> UInt32 {
        do throws(Errno) {
            if let number = try GroupLookup.number(of: name) { return number }
        } catch {
            throw PacketMetadataError(error, summary, doing: "look up the group \(name)")
        }
        throw PacketMetadataError(
            .notFound, summary, reason: "there is no group \(name)", remedy: "getent group lists them.")
    }
}

extension PinAccess {
    /// What a pin is to have, whose owner stays.
    fileprivate func wanted(of entry: FolderEntry) throws(Errno) -> FileAccess {
        var access = try entry.access()
        access.bits = bits
        access.group = group ?? access.group
        return access
    }
}

extension RegistryPins {
    /// Gives the registry's two maps and its folder that access. What is not there yet is left out. Under the lock.
    ///
    /// - Returns: whether one of them had another.
    @discardableResult
    func apply(_ access: PinAccess) throws(PacketMetadataError) -> Bool {
        let summary = "cannot set who may read the registry \(path)"
        var isBegun = false
        do throws(Errno) {
            try closeAttachments()
            for pin in [state, registry] where try pin.exists() {
                let wanted = try access.wanted(of: pin)
                if try pin.access() == wanted { continue }
                try wanted.apply(to: pin)
                isBegun = true
            }
            let wanted = try access.wanted(of: folder.entry).ofFolder
            if try folder.entry.access() == wanted { return isBegun }
            try wanted.apply(to: folder.entry)
            return true
        } catch {
            let error = PacketMetadataError(
                error, summary, doing: "change its pins",
                remedy: "Their owner may, for groups that it is a member of; so may root.")
            guard isBegun else { throw error }
            throw error.unfinished(
                summary, "some pins of the registry \(path) have the new access",
                remedy: "The same command finishes it.")
        }
    }

    /// Whether anyone but their owner may open what is pinned for attachments, as older versions of pktmeta had it.
    var hasOpenAttachments: Bool {
        get throws(Errno) {
            guard try attachments.exists() else { return false }
            return try !attachments.access().isOwnersAlone
        }
    }

    /// Closes what is pinned for attachments to all but its owner. Under the lock.
    ///
    /// - Returns: whether it was open.
    @discardableResult
    func closeAttachments() throws(Errno) -> Bool {
        guard try hasOpenAttachments else { return false }
        try close(attachments)
        return true
    }

    /// The folder last: while it is open, it is known that some of what it holds may be.
    private func close(_ entry: FolderEntry) throws(Errno) {
        let isFolder = try entry.kind() == .folder
        if isFolder { for name in try entry.contents() { try close(entry.appending(name)) } }
        var access = try entry.access()
        access.bits = isFolder ? 0o700 : 0o600
        try access.apply(to: entry)
    }

    /// Gives new pins of an attachment, and the folders that they are in, the registry's owner, and nobody else access.
    ///
    /// To be called where pins have been made below the attachments, before they get their final name.
    func giveOwner(_ entry: FolderEntry) throws(BPFError) {
        do throws(Errno) {
            var access = try registry.access()
            // That is how pins and folders are made.
            if access.isOfProcess { return }
            access.bits = 0o600
            try access.apply(toAllIn: entry)
        } catch {
            throw BPFError("give \(entry) the registry's owner", error)
        }
    }
}

extension Registry {
    /// Whether others than the owner may open, and so run, what is pinned for attachments. Older versions of pktmeta gave
    /// it the access of the registry's maps; ``repair()`` closes it.
    public var hasOpenPins: Bool { (try? pins.hasOpenAttachments) ?? false }
}

extension RegistryFolder {
    /// The first folder on the way to the registry that those whom it is open to cannot pass.
    func closedAncestor(_ access: PinAccess) -> String? {
        guard access.bits & 0o044 != 0 else { return nil }
        var ancestor = path
        while ancestor.removeLastComponent() {
            guard let has = try? FileAccess(of: ancestor) else { continue }
            let isOpenToGroup = has.bits & 0o010 != 0 && access.group == has.group
            if has.bits & 0o001 == 0, !isOpenToGroup || access.bits & 0o004 != 0 { return ancestor.string }
        }
        return nil
    }
}
