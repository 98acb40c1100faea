// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel

/// The attachments that are pinned beside a registry: they are loaded anew as the registry changes, and go with it.
struct AttachmentFollower: RegistryFollower {
    private let store: AttachmentStore

    init(_ store: AttachmentStore) { self.store = store }

    func recover(dropsDamaged: Bool) throws(PacketMetadataError) -> [String] {
        try store.recover(dropsDamaged: dropsDamaged)
    }

    func uses(of field: RegisteredField) throws(PacketMetadataError) -> [FieldUse] {
        var uses: [FieldUse] = []
        for attachment in try store.attachments() {
            lazy var interface = attachment.interface
            for member in attachment.members {
                let reach: ProgramReach
                do throws(BPFError) {
                    reach = try member.reach()
                } catch {
                    throw PacketMetadataError(error)
                }
                guard reach.declared.contains(field.name.text) else { continue }
                uses.append(
                    FieldUse(
                        program: member.record.program, interface: interface, hook: member.record.hook,
                        isUsed: reach.used.contains(field.name.text)))
            }
        }
        return uses.sorted { ($0.program, $0.interface, $0.hook.order) < ($1.program, $1.interface, $1.hook.order) }
    }

    func removeAll(
        _ progress: (_ done: Int, _ all: Int) -> Void
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let attachments = try store.attachments()
        var detached: [AttachmentReport] = []
        for (done, attachment) in attachments.enumerated() {
            progress(done, attachments.count)
            let interface = attachment.interface
            let reports = attachment.members.map { $0.record.detached(from: interface) }
            do throws(BPFError) {
                try store.remove(attachment)
            } catch {
                throw PacketMetadataError(error)
            }
            for report in reports { store.pins.record(.attachment(report)) }
            detached += reports
        }
        progress(attachments.count, attachments.count)
        return detached
    }

    // MARK: Renewal

    /// Programs with the prebuilt table are loaded anew if the fields changed, programs that name fields if their ids or
    /// places did.
    func prepare(
        for image: RegistryImage, of registry: borrowing Registry
    ) throws(PacketMetadataError) -> any RegistryRenewal {
        var renewals: [Renewal.Item] = []
        // Who takes a new private field off must know of it before who sets it does.
        for attachment in try store.attachments().sorted(by: { $0.record.isScrub && !$1.record.isScrub }) {
            let chain = try doing(attachment.record.renewal) { () throws(PacketMetadataError) in
                try attachment.renewed(for: image, of: registry)
            }
            if let chain { renewals.append(Renewal.Item(attachment: attachment, chain: chain)) }
        }
        return Renewal(store: store, items: renewals)
    }

    private struct Renewal: RegistryRenewal {
        struct Item {
            let attachment: Attachment
            let chain: RecordedChain
        }

        let store: AttachmentStore
        let items: [Item]

        /// Swaps programs in, with no packet unprocessed in between. All are tried, also if one fails.
        func apply() throws(PacketMetadataError) {
            var failure: PacketMetadataError?
            for item in items {
                let record = item.attachment.record
                do throws(BPFError) {
                    // Its interface may have gone since it was loaded; recover() sees to it.
                    if try item.attachment.anchor.state() == .gone { continue }
                    // An earlier renewal of the same change has renamed what was pinned.
                    let attachment = try Attachment(item.attachment.entry)
                    try store.swap(attachment, to: item.chain)
                    try store.settle(attachment.entry)
                } catch {
                    if (try? item.attachment.anchor.state()) == .gone { continue }
                    let refusal = AttachingRefusal.notRenewed(KernelRefusal(error, needs: [.bpf, .netAdmin]))
                    failure = PacketMetadataError(refusal).keeping(from: record.renewal)
                    if record.isScrub { break }
                }
            }
            if let failure { throw failure }
        }
    }
}

extension Attachment {
    /// Loaded anew for a registry that has changed; nil if its programs may stay as they are.
    fileprivate func renewed(
        for image: RegistryImage, of registry: borrowing Registry
    ) throws(PacketMetadataError) -> RecordedChain? {
        guard try needsRenewal(for: image) else { return nil }
        let loader = ChainLoader(mode: record.mode, hasEthernetHeader: record.hasEthernetHeader, device: device)
        var entries: [ChainLoader.Entry] = []
        for member in members { entries.append(try member.entry(for: image)) }
        return renewed(try loader.load(entries, in: registry))
    }

    private func needsRenewal(for image: RegistryImage) throws(PacketMetadataError) -> Bool {
        for record in members.map(\.record) {
            if record.binding.hasTable, record.revision != image.revision { return true }
            guard record.binding.isBound else { continue }
            if try record.spec(for: image).program.binding.digest != record.binding.digest { return true }
        }
        return false
    }

    private func renewed(_ chain: LoadedChain) -> RecordedChain {
        RecordedChain(chain, zip(members, chain.members).map { $0.record.renewed(as: $1.spec) })
    }
}

extension Attachment.Member {
    /// The program, loaded anew with the maps that it has.
    func entry(for image: RegistryImage) throws(PacketMetadataError) -> ChainLoader.Entry {
        ChainLoader.Entry(spec: try record.spec(for: image), maps: .folder(folders.maps))
    }
}

extension AttachmentRecord {
    /// To load it anew.
    fileprivate var renewal: Action { .renew(program: program, interface: interface) }
}
