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
        var found: [(attachment: Attachment, record: AttachmentRecord, isUsed: Bool)] = []
        for attachment in try store.attachments() {
            for member in attachment.members {
                let reach: ProgramReach
                do throws(BPFError) {
                    reach = try member.reach()
                } catch {
                    throw PacketMetadataError(error)
                }
                guard reach.declared.contains(field.name.text) else { continue }
                found.append((attachment, member.record, reach.used.contains(field.name.text)))
            }
        }
        let uses = zip(found, AttachmentPlace.all(found.map(\.attachment))).map { use, place in
            FieldUse(
                program: use.record.program, place: place.named, hook: use.record.hook, isUsed: use.isUsed)
        }
        return uses.sorted {
            ($0.program, $0.place.description, $0.hook.order) < ($1.program, $1.place.description, $1.hook.order)
        }
    }

    /// What sockets have asked for is kept beside areas of the old size.
    func refuseResizing() throws(PacketMetadataError) {
        let answering = try store.attachments().filter { $0.record.hook.isOfSockets }
        let places = AttachmentPlace.all(answering).map(\.named.description)
        if !places.isEmpty { throw PacketMetadataError(RegistryRefusal.sizeHeldBySockets(Set(places).sorted())) }
    }

    func removeAll(_ taken: inout TakenAway) throws(PacketMetadataError) {
        let attachments = try store.attachments()
        let places = AttachmentPlace.all(attachments).map(\.named)
        for (attachment, place) in zip(attachments, places) {
            let reports = attachment.members.map { $0.record.detached(from: place) }
            do throws(BPFError) {
                try store.remove(attachment)
            } catch {
                throw PacketMetadataError(error)
            }
            for report in reports { store.pins.record(.attachment(report)) }
            taken.detached += reports
            taken.attachments += 1
        }
    }

    // MARK: Renewal

    /// Programs with the prebuilt table are loaded anew if the fields changed, programs that name fields if their ids or
    /// places did, and programs that hooks do not tell apart. Those that are alike are loaded once.
    func prepare(
        for image: RegistryImage, of registry: borrowing Registry
    ) throws(PacketMetadataError) -> any RegistryRenewal {
        let programs = CommandPrograms()
        let namespaces = KnownNamespaces()
        // Of an earlier ABI, it is not known.
        let seal = try? registry.seal()
        var attachments: [(attachment: Attachment, hold: Hold?)] = []
        for attachment in try store.attachments() { attachments.append((attachment, try attachment.hold())) }
        let traces = Dictionary(grouping: attachments.compactMap(\.hold?.trace)) { $0 }
        // Who takes a new private field off must know of it before who sets it does.
        attachments.sort { $0.attachment.record.isScrub && !$1.attachment.record.isScrub }
        var items: [AttachmentRenewal.Item] = []
        for (attachment, hold) in attachments {
            let isAlone = hold.map { traces[$0.trace, default: []].count == 1 } ?? true
            let chain = try doing(attachment.record.renewal) { () throws(PacketMetadataError) -> RecordedChain? in
                if isAlone, try !attachment.needsRenewal(for: image, seal, programs) { return nil }
                try attachment.refuseIfDeserted(namespaces)
                return try attachment.renewed(for: image, of: registry, hold, programs)
            }
            if let chain { items.append(AttachmentRenewal.Item(attachment: attachment, chain: chain)) }
        }
        return AttachmentRenewal(store: store, items: items)
    }
}
