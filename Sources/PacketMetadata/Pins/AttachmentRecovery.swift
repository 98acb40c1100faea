// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

extension AttachmentStore {
    /// Finishes or removes what killed processes left, and what was attached to what is gone.
    ///
    /// - Parameter dropsDamaged: whether damaged attachments are detached and removed, and those that are deserted.
    /// - Returns: what was done, in words.
    /// - Throws: `badData` if an attachment is damaged and is not to be removed.
    @discardableResult
    func recover(dropsDamaged: Bool = false) throws(PacketMetadataError) -> [String] {
        var done: [String] = []
        func finish(_ text: String) {
            pins.record(.finished(text))
            done.append(text)
        }
        for name in try names() where name.hasPrefix(Self.temporaryPrefix) {
            let folders = Attachment.Folders(pins.attachments.appending(name))
            try naming(folders.entry) { () throws(BPFError) in try takeApart(folders) }
            finish("removed the half-made or half-removed attachment \(name)")
        }
        let survey = try survey()
        let namespaces = KnownNamespaces()
        for damaged in survey.damaged {
            guard dropsDamaged else { throw damaged.refusal(of: pins.path) }
            try naming(damaged.entry) { () throws(BPFError) in finish(try drop(damaged)) }
        }
        for attachment in survey.sound {
            try naming(attachment.entry) { () throws(BPFError) in
                if let text = try recover(attachment, namespaces, dropsDeserted: dropsDamaged) { finish(text) }
            }
        }
        return done
    }

    private func naming(_ entry: FolderEntry, _ body: () throws(BPFError) -> Void) throws(PacketMetadataError) {
        do throws(BPFError) {
            try body()
        } catch {
            throw PacketMetadataError(error).keeping(from: .finishAttachment(entry.path))
        }
    }

    private func recover(
        _ found: Attachment, _ namespaces: KnownNamespaces, dropsDeserted: Bool
    ) throws(BPFError) -> String? {
        let folders = found.folders
        let wasExchanging = try folders.previous.entry.isThere()
        if wasExchanging { try finishExchange(folders) }
        let attachment = wasExchanging ? try Attachment(folders.entry) : found
        let record = attachment.record
        let text = attachment.words
        switch try attachment.state(namespaces) {
        case .outOfReach: return nil
        case .gone:
            try remove(attachment)
            return "\(text): forgotten, since \(record.hook.owner.words) is gone or others have detached it"
        case .deserted:
            guard dropsDeserted else { return nil }
            try remove(attachment)
            return
                "\(text): detached, since no process, name, mount or socket is found that is of its network namespace"
        case .attached(let hold):
            guard try folders.next.entry.isThere() else { return try goBack(attachment).map { "\(text): \($0)" } }
            let next = folders.next.member(0).program
            var isNext = false
            if try next.isThere() { isNext = try BPFProgram(pinnedAt: next).id == hold.programID }
            if isNext {
                if case .link(let link) = attachment.anchor { try link.finishReplacement(by: next) }
                try exchange(folders)
            }
            try settle([folders.entry])
            // By the program that it has now.
            let now = isNext ? try Attachment(folders.entry).words : text
            return "\(now): \(isNext || wasExchanging ? "finished" : "took back") a replacement that was cut short"
        }
    }
}

extension AttachmentStore {
    /// Has a netfilter program that stands beside its place take it.
    ///
    /// - Returns: what was done, in words; nil if the program is where it is to be, or has to stay.
    private func goBack(_ attachment: Attachment) throws(BPFError) -> String? {
        guard case .link(let link) = attachment.anchor, let beside = try link.displacement(),
            try link.goBack(with: attachment.folders.current.member(0).program)
        else { return nil }
        return "moved back from priority \(beside.priority)"
    }
}

extension Attachment {
    /// `eth0: XDP: producer`
    fileprivate var words: String { "\(record.site.place): \(record.hook): \(record.program)" }

    /// As its anchor's, and whether anybody is left where it is attached.
    func state(_ namespaces: KnownNamespaces) throws(BPFError) -> Anchor.State {
        let state = try anchor.state()
        guard case .netfilter(_, let netnsCookie) = record.site, case .attached(let hold) = state,
            namespaces.isDeserted(netnsCookie)
        else { return state }
        return .deserted(hold)
    }
}

extension Hook.Owner {
    fileprivate var words: String {
        switch self {
        case .interface: "its interface"
        case .netfilter: "its network namespace"
        case .cgroup: "its cgroup"
        }
    }
}
