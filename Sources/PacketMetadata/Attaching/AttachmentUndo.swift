// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel

/// What was done to attachments, so that it can be taken back until it is made final.
final class AttachmentUndo {
    private let store: AttachmentStore
    private var added: [FolderEntry] = []
    private var swapped: [FolderEntry] = []
    private var doomed: [(attachment: Attachment, reports: [AttachmentReport])] = []
    /// What was done so far that is recorded unless it is taken back.
    var done: [AttachmentReport] = []

    init(_ store: AttachmentStore) { self.store = store }

    func add(
        _ point: HookPoint, _ chain: RecordedChain,
        _ attach: (Attachment.Folders) throws(BPFError) -> Void
    ) throws(BPFError) {
        added.append(try store.add(point, chain, attach))
    }

    func swap(_ attachment: Attachment, to chain: RecordedChain) throws(BPFError) {
        try store.swap(attachment, to: chain)
        swapped.append(attachment.entry)
    }

    func removeAtTheEnd(_ attachment: Attachment, reporting reports: [AttachmentReport]) {
        doomed.append((attachment, reports))
    }

    /// - Parameter action: what was asked for.
    /// - Throws: what keeps from making it final, with what was done.
    func commit(_ action: Action) throws(PacketMetadataError) {
        record(done)
        var removed = 0
        do throws(BPFError) {
            try store.settle(swapped)
            for (attachment, reports) in doomed {
                try store.remove(attachment)
                record(reports)
                removed += attachment.members.count
            }
        } catch {
            let count = doomed.reduce(0) { $0 + $1.attachment.members.count }
            let hasAttached = !added.isEmpty || !swapped.isEmpty
            throw PacketMetadataError(error).unfinished(
                action, .attached(hasAttached: hasAttached, detached: removed, of: count))
        }
    }

    private func record(_ reports: [AttachmentReport]) {
        for report in reports where report.outcome != .unchanged { store.pins.record(.attachment(report)) }
    }

    /// Leaves all as it was.
    ///
    /// - Returns: whether it could; else ``AttachmentStore/recover()`` will finish what was begun.
    func revert() -> Bool {
        var isDone = true
        func attempt(_ body: () throws(BPFError) -> Void) {
            do throws(BPFError) { try body() } catch { isDone = false }
        }
        for entry in swapped.reversed() { attempt { () throws(BPFError) in try store.swapBack(entry) } }
        for entry in added.reversed() { attempt { () throws(BPFError) in try store.remove(Attachment(entry)) } }
        return isDone
    }
}
