// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel

/// What is to be done to one hook, with its programs loaded: a ``HookPlan`` that only has to be carried
/// out.
struct HookChange {
    /// Each with what it is reported as.
    enum Step {
        case leave([AttachmentReport])
        case swap(Attachment, RecordedChain, [AttachmentReport])
        /// Reported once the mode is known.
        case attach(NewAttachment)
        /// Once all else is done, since it cannot be taken back.
        case remove(Attachment, [AttachmentReport])
    }

    let attacher: Attacher
    let attaching: any HookAttaching
    var steps: [Step] = []

    /// Whether the prebuilt producer is to be there and cannot ask the driver, by the first mode that is tried.
    var isUnasked: Bool {
        steps.contains { step in
            switch step {
            case .swap(_, let chain, _): chain.members.contains(where: \.spec.isUnasked)
            case .attach(let new): new.isUnasked
            case .leave, .remove: false
            }
        }
    }

    /// Carries it out.
    func apply(
        _ undo: AttachmentUndo, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        var reports: [AttachmentReport] = []
        var last: UInt32?
        for step in steps {
            let done: [AttachmentReport]
            switch step {
            case .leave(let told): done = told
            case .swap(let attachment, let chain, let told):
                do throws(BPFError) {
                    try undo.swap(attachment, to: chain)
                } catch {
                    throw PacketMetadataError(error, needs: [.bpf, .netAdmin])
                }
                done = told
                undo.done += told
            case .attach(let new):
                let position = new.followsLast ? last.map { TCXPosition.after(.program($0)) } : nil
                done = try new.attach(registry) { (chain, mode) throws(BPFError) in
                    let recorded = RecordedChain(
                        chain, mode: mode, at: attacher.target.site,
                        hasEthernetHeader: attacher.target.hasEthernetHeader)
                    try undo.add(attacher.target.point(attaching.hook), recorded) { folders throws(BPFError) in
                        try attaching.attach(
                            chain.first.program, mode, at: position ?? new.position, pinnedIn: folders)
                    }
                    last = chain.first.program.id
                }
                undo.done += done
            case .remove(let attachment, let told):
                undo.removeAtTheEnd(attachment, reporting: told)
                done = told
            }
            reports += done
        }
        return reports
    }
}
