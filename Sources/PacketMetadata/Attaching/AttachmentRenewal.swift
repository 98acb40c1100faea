// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel

/// Attachments with the programs that are to take the place of theirs, loaded for a registry as it will be.
struct AttachmentRenewal: RegistryRenewal {
    struct Item {
        let attachment: Attachment
        let chain: RecordedChain
    }

    let store: AttachmentStore
    /// In the order in which they are swapped.
    let items: [Item]

    /// Swaps programs in, with no packet unprocessed in between. All are tried, also if one fails.
    func apply() throws(PacketMetadataError) {
        var failure: PacketMetadataError?
        var swapped: [Item] = []
        for item in items {
            do throws(BPFError) {
                // Its interface may have gone since it was loaded; recover() sees to it.
                if try item.attachment.anchor.state() == .gone { continue }
                try store.swap(item.attachment, to: item.chain)
                swapped.append(item)
            } catch {
                if (try? item.attachment.anchor.state()) == .gone { continue }
                failure = item.refused(error)
                if item.attachment.record.isScrub { break }
            }
        }
        do throws(BPFError) {
            try store.waitForReplaced(swapped.map(\.attachment.entry))
        } catch {
            throw swapped[0].refused(error)
        }
        for item in swapped {
            do throws(BPFError) { try store.discardReplaced(item.attachment.entry) } catch {
                failure = item.refused(error)
            }
        }
        if let failure { throw failure }
    }
}

extension AttachmentRenewal.Item {
    fileprivate func refused(_ error: BPFError) -> PacketMetadataError {
        let refusal = AttachingRefusal.notRenewed(KernelRefusal(error, needs: [.bpf, .netAdmin]))
        return PacketMetadataError(refusal).keeping(from: attachment.record.renewal)
    }
}

extension Attachment {
    /// Whether its programs do not fit a registry that has changed.
    func needsRenewal(
        for image: RegistryImage, _ seal: Seal?, _ programs: CommandPrograms
    ) throws(PacketMetadataError) -> Bool {
        for record in members.map(\.record) {
            if let seal, record.isOfOtherSeal(than: seal) { return true }
            if record.binding.hasTable, record.revision != image.revision { return true }
            guard record.binding.isBound else { continue }
            if try programs.spec(record, for: image).program.binding.digest != record.binding.digest { return true }
        }
        return false
    }

    /// Of netfilter, whose link has to be made anew in its network namespace.
    func refuseIfDeserted(_ namespaces: KnownNamespaces) throws(PacketMetadataError) {
        guard case .netfilter(let place, let cookie) = record.site, namespaces.isDeserted(cookie) else { return }
        throw PacketMetadataError(AttachingRefusal.namespaceDeserted(place, netnsCookie: cookie))
    }

    /// Its programs, loaded for a registry that has changed.
    ///
    /// - Parameter hold: how it is held at its hook; nil if that cannot be known.
    func renewed(
        for image: RegistryImage, of registry: borrowing Registry, _ hold: Hold?, _ programs: CommandPrograms
    ) throws(PacketMetadataError) -> RecordedChain {
        let loader = ChainLoader(
            mode: record.mode, hasEthernetHeader: record.hasEthernetHeader, device: device,
            share: point(now: hold).flatMap(programs.share))
        var entries: [ChainLoader.Entry] = []
        for member in members { entries.append(try programs.entry(member, for: image)) }
        let chain = try loader.load(entries, in: registry)
        return RecordedChain(chain, zip(members, chain.members).map { $0.record.renewed(as: $1) })
    }

    /// Of an interface, its index is what the link says. Its network namespace is where it was last seen, which does as well:
    /// what is on one hook moves together.
    ///
    /// - Returns: nil if it has moved to where nobody has looked since.
    private func point(now hold: Hold?) -> HookPoint? {
        guard let hold, let last = HookPoint(attachmentNamed: name) else { return nil }
        guard case .interface(let netnsCookie, _) = last.site else { return last }
        return HookPoint(site: .interface(netnsCookie: netnsCookie, ifindex: hold.ifindex), hook: record.hook)
    }
}

extension AttachmentRecord {
    /// To load it anew.
    var renewal: Action { .renew(program: program, on: site.place.description) }
}
