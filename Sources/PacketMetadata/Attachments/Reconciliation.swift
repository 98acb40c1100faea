// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

extension AttachmentStore {
    /// Has attached programs follow the registry: those loaded for an older revision are loaded anew and swapped in,
    /// with no packet unprocessed in between. Under the lock, after each change and before it if one was cut short.
    func reconcile(_ registry: borrowing Registry) throws(PacketMetadataError) {
        try recover()
        let image = try registry.image()
        for attachment in try attachments()
        where attachment.record.follows && attachment.record.revision != image.revision && isAlive(attachment) {
            try reload(attachment, image, registry)
        }
    }

    private func reload(
        _ attachment: Attachment, _ image: RegistryImage, _ registry: borrowing Registry
    ) throws(PacketMetadataError) {
        let summary = "cannot renew \(attachment.record.program) on \(attachment.record.interface)"
        let loader = ProgramLoader(attachment.record.object, image: image, summary: summary)
        let loaded = try loader.load(attachment.record.program, for: attachment.record.hook, in: registry)
        var record = attachment.record
        record.revision = image.revision
        do throws(BPFError) {
            _ = try replace(attachment, by: record, loaded.program)
        } catch {
            throw PacketMetadataError(error, summary, needs: [.bpf, .netAdmin])
        }
    }

    /// Whether its interface still exists.
    func isAlive(_ attachment: Attachment) -> Bool {
        guard let link = try? BPFLink(pinnedAt: attachment.path.appending(Pin.link.rawValue)),
            let information = try? link.information
        else { return false }
        return information.ifindex != 0
    }
}
