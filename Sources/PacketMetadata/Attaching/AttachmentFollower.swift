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

    func users(of field: RegisteredField) throws(PacketMetadataError) -> [String] {
        var users: [String] = []
        for attachment in try store.attachments() {
            lazy var interface = attachment.interface
            for member in attachment.members {
                let reach: ProgramReach
                do throws(BPFError) {
                    reach = try member.reach()
                } catch {
                    throw PacketMetadataError(error, "cannot unregister \(field.name)")
                }
                guard reach.declared.contains(field.name.text) else { continue }
                let verb = reach.used.contains(field.name.text) ? "uses" : "declares"
                users.append(
                    "program \(member.record.program) on \(interface) (\(member.record.hook)) \(verb) it")
            }
        }
        return users.sorted()
    }

    func removeAll(
        _ summary: String, _ progress: (_ done: Int, _ all: Int) -> Void
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
                throw PacketMetadataError(error, summary)
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
            let summary = Renewal.summary(attachment.record)
            guard try attachment.needsRenewal(for: image, summary) else { continue }
            let loader = ChainLoader(
                summary: summary, mode: attachment.record.mode,
                hasEthernetHeader: attachment.record.hasEthernetHeader, device: attachment.device)
            var entries: [ChainLoader.Entry] = []
            for member in attachment.members { entries.append(try member.entry(for: image, summary)) }
            let chain = try loader.load(entries, in: registry)
            renewals.append(Renewal.Item(attachment: attachment, chain: attachment.renewed(chain)))
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

        static func summary(_ record: AttachmentRecord) -> String {
            "cannot renew \(record.program) on \(record.interface)"
        }

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
                    failure = PacketMetadataError(
                        error, Self.summary(record), needs: [.bpf, .netAdmin],
                        remedy: "It goes on as it was; the next command that writes tries again.")
                    if record.isScrub { break }
                }
            }
            if let failure { throw failure }
        }
    }
}

extension Attachment {
    fileprivate func needsRenewal(
        for image: RegistryImage, _ summary: String
    ) throws(PacketMetadataError) -> Bool {
        for record in members.map(\.record) {
            if record.binding.hasTable, record.revision != image.revision { return true }
            guard record.binding.isBound else { continue }
            if try record.spec(for: image, summary).program.binding.digest != record.binding.digest { return true }
        }
        return false
    }

    fileprivate func renewed(_ chain: LoadedChain) -> RecordedChain {
        RecordedChain(chain, zip(members, chain.members).map { $0.record.renewed(as: $1.spec) })
    }
}

extension Attachment.Member {
    /// The program, loaded anew with the maps that it has.
    func entry(for image: RegistryImage, _ summary: String) throws(PacketMetadataError) -> ChainLoader.Entry {
        ChainLoader.Entry(spec: try record.spec(for: image, summary), maps: .folder(folders.maps))
    }
}
