// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// Programs loaded for a registry as it will be, to be swapped in for attached ones.
final class Renewal {
    let attachment: Attachment
    let chain: LoadedChain

    init(_ attachment: Attachment, _ chain: LoadedChain) {
        self.attachment = attachment
        self.chain = chain
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
            guard try needsRenewal(attachment, image) else { continue }
            let summary = "cannot renew \(attachment.record.program) on \(attachment.record.interface)"
            var members: [LoadedChain.Member] = []
            let isAlone = attachment.members.count == 1
            for member in attachment.members {
                members.append(try load(member, of: attachment, isAlone: isAlone, image, registry))
            }
            renewals.append(Renewal(attachment, try LoadedChain(members, summary: summary)))
        }
        return renewals
    }

    private func needsRenewal(
        _ attachment: Attachment, _ image: RegistryImage
    ) throws(PacketMetadataError) -> Bool {
        for member in attachment.members {
            let record = member.record
            if record.binding.hasTable, record.revision != image.revision { return true }
            if record.binding.isBound {
                let inspected = try loader(record, image).inspect(record.program, for: record.hook)
                if inspected.binding.digest != record.binding.digest { return true }
            }
        }
        return false
    }

    /// Loads a member anew, with the maps that it has.
    func load(
        _ member: Attachment.Member, of attachment: Attachment, isAlone: Bool, _ image: RegistryImage,
        _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> LoadedChain.Member {
        var record = member.record
        let before = record.object
        // Where no driver could be asked, none is asked until the program is attached anew.
        record.object = record.isUnasked && image.producerBuild == .hardware ? before : before.build(for: image)
        do throws(PacketMetadataError) {
            return try load(record, member, of: attachment, isAlone: isAlone, image, registry)
        } catch {
            guard record.object.producer == .hardware, HardwareRefusal.isCause(of: error) else { throw error }
            record.object = ObjectFile(.plain)
            var loaded = try load(record, member, of: attachment, isAlone: isAlone, image, registry)
            loaded.shortfall = error.reason
            return loaded
        }
    }

    private func load(
        _ record: AttachmentRecord, _ member: Attachment.Member, of attachment: Attachment, isAlone: Bool,
        _ image: RegistryImage, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> LoadedChain.Member {
        var record = record
        let loaded = try load(
            loader(record, image), record, member.folders.maps, attachment, isAlone: isAlone,
            image, registry)
        record.revision = image.revision
        record.binding = loaded.binding
        record.isUnasked = record.object.producer == .plain && image.producerBuild == .hardware
        return LoadedChain.Member(record: record, loaded: loaded)
    }

    private func loader(_ record: AttachmentRecord, _ image: RegistryImage) -> ProgramLoader {
        ProgramLoader(
            record.object, image: image, isStrict: false,
            summary: "cannot renew \(record.program) on \(record.interface)")
    }

    /// Swaps programs in, with no packet unprocessed in between. All are tried, also if one fails.
    func apply(_ renewals: [Renewal]) throws(PacketMetadataError) {
        var failure: PacketMetadataError?
        for renewal in renewals {
            let record = renewal.attachment.record
            do throws(BPFError) {
                // Its interface may have gone since it was loaded; recover() sees to it.
                if try renewal.attachment.anchor.state() == .gone { continue }
                // An earlier renewal of the same change has renamed what was pinned.
                let attachment = try Attachment(renewal.attachment.entry)
                try swap(attachment, to: renewal.chain)
                try settle(attachment.entry)
            } catch {
                if (try? renewal.attachment.anchor.state()) == .gone { continue }
                failure = PacketMetadataError(
                    error, "cannot renew \(record.program) on \(record.interface)", needs: [.bpf, .netAdmin],
                    remedy: "It goes on as it was; the next command that writes tries again.")
                if record.isScrub { break }
            }
        }
        if let failure { throw failure }
    }
}
