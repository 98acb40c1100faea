// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// A program loaded for a registry as it will be, to be swapped in for an attached one.
final class Renewal {
    let attachment: Attachment
    let record: AttachmentRecord
    let loaded: ProgramLoader.Loaded

    init(_ attachment: Attachment, _ record: AttachmentRecord, _ loaded: ProgramLoader.Loaded) {
        self.attachment = attachment
        self.record = record
        self.loaded = loaded
    }
}

extension AttachmentStore {
    /// Loads anew, for a registry as it will be, what is attached and would differ then: programs with the prebuilt
    /// table if the fields changed, programs that name fields if their ids or places did.
    ///
    /// Nothing is attached yet: what cannot be loaded shows before anything is changed.
    func prepareRenewals(
        for image: RegistryImage, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> [Renewal] {
        var renewals: [Renewal] = []
        // Who takes a new private field off must know of it before who sets it does.
        for attachment in try attachments().sorted(by: { $0.record.isScrub && !$1.record.isScrub }) {
            if let renewal = try renewal(of: attachment, image, registry) { renewals.append(renewal) }
        }
        return renewals
    }

    private func renewal(
        of attachment: Attachment, _ image: RegistryImage, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> Renewal? {
        var record = attachment.record
        let summary = "cannot renew \(record.program) on \(record.interface)"
        record.object = record.object.build(for: image)
        let loader = ProgramLoader(record.object, image: image, isStrict: false, summary: summary)
        let tableIsCurrent = !record.binding.hasTable || record.revision == image.revision
        if tableIsCurrent {
            if !record.binding.isBound { return nil }
            if try loader.binding().digest == record.binding.digest { return nil }
        }
        let loaded = try load(loader, record, attachment, image, registry)
        record.revision = image.revision
        record.binding = loaded.binding
        return Renewal(attachment, record, loaded)
    }

    /// Swaps programs in, with no packet unprocessed in between. All are tried, also if one fails.
    func apply(_ renewals: [Renewal]) throws(PacketMetadataError) {
        var failure: PacketMetadataError?
        for renewal in renewals {
            do throws(BPFError) {
                // Its interface may have gone since it was loaded; recover() sees to it.
                if try renewal.attachment.link().ifindex == 0 { continue }
                // An earlier renewal of the same change has renamed what was pinned.
                _ = try replace(Attachment(path: renewal.attachment.path), by: renewal.record, renewal.loaded)
            } catch {
                let record = renewal.record
                failure = PacketMetadataError(
                    error, "cannot renew \(record.program) on \(record.interface)", needs: [.bpf, .netAdmin],
                    remedy: "It goes on as it was; the next command that writes tries again.")
                if record.isScrub { break }
            }
        }
        if let failure { throw failure }
    }
}
