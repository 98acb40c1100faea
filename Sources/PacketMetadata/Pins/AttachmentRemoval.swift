// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import SystemPackage

// How an attachment goes, also one that is half made or half gone.

extension AttachmentStore {
    /// The hook first, so that what is half gone is also detached.
    func takeApart(_ folders: Attachment.Folders) throws(BPFError) {
        try folders.anchor.letGo()
        try removePins(folders.entry)
    }

    func takeApart(_ chain: Attachment.ChainFolder) throws(BPFError) { try removePins(chain.entry) }

    /// Whatever is there, also what pktmeta has not put there: the folder of attachments is pktmeta's.
    private func removePins(_ entry: FolderEntry) throws(BPFError) {
        try perform("remove \(entry)") { () throws(Errno) in try entry.takeApart() }
    }

    /// Detaches and removes what ``survey()`` could not read, as far as it says what it is.
    ///
    /// - Returns: what was done, in words.
    func drop(_ damaged: DamagedAttachment) throws(BPFError) -> String {
        let folders = Attachment.Folders(damaged.entry)
        let anchor = folders.anchor
        try anchor.refuseIfOutOfReach()
        var isAttached = if case .attached = try? anchor.state() { true } else { false }
        if case .filter(let filter) = anchor, try !folders.current.member(0).program.isThere() {
            isAttached = try letGoOfUnpinned(filter)
        }
        try takeApart(folders)
        return "dropped the damaged attachment \(damaged.entry.name) (\(damaged.reason)): "
            + (isAttached ? "what it held on its hook is detached" : "nothing was on a hook by it")
    }

    /// A filter is known by its program's pin. Where that is missing, it is the filter that has a program of this
    /// registry that is pinned nowhere in it.
    ///
    /// - Returns: whether there was one; without CAP_SYS_ADMIN it cannot be found.
    private func letGoOfUnpinned(_ filter: FilterAnchor) throws(BPFError) -> Bool {
        guard let reader = try? LoadedMark.Reader(), let map = try? BPFMap(pinnedAt: pins.registry, readOnly: true).id
        else { return false }
        let pinned = PinSearch(below: pins.attachments).programs.map(\.id)
        return try filter.letGo { (program) throws(BPFError) in
            if pinned.contains(program) { return false }
            return try reader.isLoaded(program, for: map)
        }
    }
}
