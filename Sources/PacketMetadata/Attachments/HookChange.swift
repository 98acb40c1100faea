// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import RegistryModel
internal import SystemPackage

/// What is to be done to one hook: decided, and its programs loaded.
struct HookChange {
    enum Step {
        /// Nothing: reports only.
        case leave
        case swap(Attachment, LoadedChain)
        case attachXDP(NewChain)
        case attachTC(LoadedChain, TCAttaching)
        /// Once all else is done, since it cannot be taken back.
        case remove(Attachment)
    }

    struct Entry {
        let step: Step
        let reports: [AttachmentReport]
    }

    var entries: [Entry] = []

    mutating func add(_ step: Step, _ reports: [AttachmentReport]) {
        entries.append(Entry(step: step, reports: reports))
    }
}

/// What was done to attachments, so that it can be taken back until it is made final.
final class AttachmentJournal {
    private let store: AttachmentStore
    private var added: [FilePath] = []
    private var swapped: [FilePath] = []
    private var doomed: [Attachment] = []

    init(_ store: AttachmentStore) { self.store = store }

    func add(
        _ place: AttachmentStore.Place, _ chain: LoadedChain,
        _ attach: (Attachment.Folders) throws(BPFError) -> Void
    ) throws(BPFError) {
        added.append(try store.add(place, chain, attach))
    }

    func swap(_ attachment: Attachment, to chain: LoadedChain) throws(BPFError) {
        try store.swap(attachment, to: chain)
        swapped.append(attachment.path)
    }

    func removeAtTheEnd(_ attachment: Attachment) { doomed.append(attachment) }

    func commit() throws(BPFError) {
        for path in swapped { try store.settle(path) }
        for attachment in doomed { try store.remove(attachment) }
    }

    /// Leaves all as it was. What cannot be taken back here, ``AttachmentStore/recover()`` will finish.
    func revert() {
        for path in swapped.reversed() { try? store.swapBack(path) }
        for path in added.reversed() {
            if let attachment = try? Attachment(path: path) { try? store.remove(attachment) }
        }
    }
}
