// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// A chain for an XDP hook where this registry has nothing attached.
struct NewChain {
    let chain: LoadedChain
    /// To be loaded anew for another mode.
    let wanted: [Attacher.Wanted]
    let modes: [BPFLink.XDPMode]
}

extension Attacher {
    /// One link holds all of this registry's programs: the first, which hands the packet on.
    func prepareXDP(
        _ request: AttachmentRequest, _ image: RegistryImage, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> HookChange {
        let existing = try existing(.xdp).first
        if let existing, request.xdp != .unchanged { try refuseOtherMode(existing, request.mode) }
        var change = HookChange()
        guard let wanted = try wanted(request.xdp, .xdp, existing.map { [$0] } ?? [], image) else {
            if let existing, request.xdp != .unchanged { change.add(.leave, unchanged(existing)) }
            return change
        }
        if let existing { return try prepareSwap(existing, wanted, request, image, registry) }
        change.add(.attachXDP(try newChain(wanted, request.mode, registry)), [])
        return change
    }

    func newChain(
        _ wanted: [Wanted], _ choice: XDPModeChoice, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> NewChain {
        let modes = choice.candidates
        return NewChain(chain: try load(wanted, mode: modes[0], registry), wanted: wanted, modes: modes)
    }

    private func unchanged(_ attachment: Attachment) -> [AttachmentReport] {
        attachment.members.map { report($0.record, .unchanged) }
    }

    private func refuseOtherMode(_ existing: Attachment, _ mode: XDPModeChoice) throws(PacketMetadataError) {
        let old = existing.record
        guard mode != .auto, mode.rawValue != old.mode.rawValue else { return }
        throw PacketMetadataError(
            .taken, summary, reason: "\(old.program) is attached to it in \(old.mode.rawValue) mode",
            remedy:
                "A link keeps its mode: pktmeta detach-from-interface \(ShellWord.quoted(interface.name)) --xdp first.")
    }

    private func prepareSwap(
        _ existing: Attachment, _ wanted: [Wanted], _ request: AttachmentRequest, _ image: RegistryImage,
        _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> HookChange {
        let there = existing.members.map(\.record.identity)
        let identities = wanted.map(identity)
        let arrangement = try arranged { () throws(ArrangementError) in
            request.joins
                ? try Arrangement(existing: there, joinedBy: identities, at: request.placement(.xdp))
                : Arrangement(existing: there, replacedBy: identities)
        }
        let slots = arrangement.slots.map { slot in
            ChainSlot(slot, wanted, existing.members, mode: existing.record.mode, self)
        }
        var change = HookChange()
        if arrangement.keepsOrder, slots.allSatisfy(\.isUnchanged) {
            change.add(.leave, unchanged(existing))
            return change
        }
        let chain = try load(slots, of: existing, image, registry)
        let isSame = zip(chain.members, existing.members).allSatisfy { $0.record.isSameProgram(as: $1.record) }
        if arrangement.keepsOrder, isSame {
            change.add(.leave, chain.members.map { report($0, .unchanged) })
            return change
        }
        let reports = zip(slots, chain.members).map { slot, member in report(member, slot.outcome) }
        let gone = arrangement.removed.map { report(existing.members[$0].record, .detached) }
        change.add(.swap(existing, chain), reports + gone)
        return change
    }

    /// Those members of a chain, loaded anew.
    func load(
        _ members: [Attachment.Member], of existing: Attachment, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> LoadedChain {
        let image = try registry.image()
        var loaded: [LoadedChain.Member] = []
        for member in members {
            loaded.append(try store.load(member, of: existing, isAlone: members.count == 1, image, registry))
        }
        return try LoadedChain(loaded, summary: summary)
    }

    // MARK: Loading

    private func load(
        _ wanted: [Wanted], mode: BPFLink.XDPMode, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> LoadedChain {
        var members: [LoadedChain.Member] = []
        for program in wanted {
            members.append(
                try load(
                    program, mode: mode == .native ? .native : .generic, isAlone: wanted.count == 1, registry))
        }
        return try LoadedChain(members, summary: summary)
    }

    private func load(
        _ slots: [ChainSlot], of existing: Attachment, _ image: RegistryImage, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> LoadedChain {
        let isAlone = slots.count == 1
        var members: [LoadedChain.Member] = []
        for slot in slots {
            if let kept = slot.kept {
                members.append(try store.load(kept, of: existing, isAlone: isAlone, image, registry))
            } else if let wanted = slot.wanted {
                members.append(try load(wanted, mode: existing.record.mode, isAlone: isAlone, registry))
            }
        }
        return try LoadedChain(members, summary: summary)
    }

    // MARK: Attaching

    func attach(
        _ new: NewChain, _ journal: AttachmentJournal, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        try attach(new, registry) { (chain, link) throws(BPFError) in
            try journal.add(place(.xdp), chain) { (folders) throws(BPFError) in
                try link().pin(at: folders.link)
            }
        }
    }

    /// Tries one mode after the other.
    ///
    /// - Parameter keep: makes the link by the closure that it is handed, and sees to it that it stays.
    func attach(
        _ new: NewChain, _ registry: borrowing Registry,
        _ keep: (LoadedChain, () throws(BPFError) -> BPFLink) throws(BPFError) -> Void
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        var new = new
        var fallback: String?
        for mode in new.modes {
            do throws(BPFError) {
                try keep(new.chain) { () throws(BPFError) in
                    try BPFLink(xdp: new.chain.first.program, ifindex: interface.index, mode: mode)
                }
                return new.chain.members.map { report($0, .attached, fallback) }
            } catch {
                guard mode != new.modes.last, let reason = XDPRefusal(error, interface)?.withoutNative else {
                    throw xdpRefusal(error, mode)
                }
                fallback = reason
            }
            new = try newChain(new.wanted, .generic, registry)
        }
        preconditionFailure("the last mode returns or throws")
    }

    func xdpRefusal(_ error: BPFError, _ mode: BPFLink.XDPMode) -> PacketMetadataError {
        if mode == .native, let refusal = XDPRefusal(error, interface) { return refusal.error(summary) }
        switch error.errno {
        case .notSupported:
            return PacketMetadataError(
                .unsupported, summary, reason: "the driver has no \(mode.rawValue) XDP (EOPNOTSUPP)",
                remedy: "--mode generic works with any driver.")
        case .resourceBusy, .fileExists:
            let holder = holder()
            return PacketMetadataError(
                .taken, summary, reason: "\(holder.text) holds its XDP hook (\(error.errno.name))",
                remedy: holder.wayOut)
        default:
            return PacketMetadataError(error, summary, needs: [.bpf, .netAdmin])
        }
    }

    private func holder() -> (text: String, wayOut: String) {
        let occupants = (try? HookOccupancy(ifindex: interface.index, .xdp))?.occupants ?? []
        guard let occupant = occupants.first else { return ("another program", "Its owner should detach it.") }
        return (occupant.description, occupant.wayOut(interface.name))
    }
}

/// A program of a chain that is to be.
private struct ChainSlot {
    /// One that is there and would be no other if it were loaded anew, or is not asked about.
    let kept: Attachment.Member?
    let wanted: Attacher.Wanted?
    let outcome: AttachmentReport.Outcome

    init(
        _ slot: Arrangement.Slot, _ wanted: [Attacher.Wanted], _ members: [Attachment.Member], mode: AttachmentMode,
        _ attacher: Attacher
    ) {
        switch slot {
        case .kept(let index): self = .kept(members[index])
        case .wanted(let index, let instead):
            let old = instead.map { members[$0] }
            let record = attacher.record(wanted[index], mode: mode)
            if let old, record.isSameProgram(as: old.record) {
                self = .kept(old)
            } else {
                self.init(kept: nil, wanted: wanted[index], outcome: old == nil ? .attached : .replaced)
            }
        }
    }

    private init(kept: Attachment.Member?, wanted: Attacher.Wanted?, outcome: AttachmentReport.Outcome) {
        self.kept = kept
        self.wanted = wanted
        self.outcome = outcome
    }

    private static func kept(_ member: Attachment.Member) -> ChainSlot {
        ChainSlot(kept: member, wanted: nil, outcome: .unchanged)
    }

    var isUnchanged: Bool { kept != nil }
}
