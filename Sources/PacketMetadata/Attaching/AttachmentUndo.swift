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

    /// - Throws: what keeps from making it final, with what was done.
    func commit(_ summary: String) throws(PacketMetadataError) {
        record(done)
        var removed = 0
        do throws(BPFError) {
            for entry in swapped { try store.settle(entry) }
            for (attachment, reports) in doomed {
                try store.remove(attachment)
                record(reports)
                removed += attachment.members.count
            }
        } catch {
            let count = doomed.reduce(0) { $0 + $1.attachment.members.count }
            let are = removed == 1 ? "is" : "are"
            let detached = count == 0 ? [] : ["\(removed) of \(count.of("program")) \(are) detached"]
            let attached = added.isEmpty && swapped.isEmpty ? [] : ["the programs that were asked for are attached"]
            throw PacketMetadataError(error, summary).unfinished(
                summary, (attached + detached).joined(separator: ", "),
                remedy: "The next command that writes finishes what was begun; the same command, what was not.")
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
