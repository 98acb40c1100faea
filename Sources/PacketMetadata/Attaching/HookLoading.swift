// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

extension Attacher {
    /// What a request makes of a hook, loaded: whatever is wrong with an object shows before anything is attached.
    func change(
        _ hook: Hook, _ request: AttachmentRequest, _ image: RegistryImage, _ index: AttachmentIndex,
        _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> HookChange {
        let existing = try existing(hook, among: index)
        var change = HookChange(attacher: self, attaching: target.attaching(hook))
        guard let plan = try plan(hook, request, image, existing) else {
            if request.selection(hook) == .unchanged { return change }
            change.steps = existing.map { .leave(reports($0, .unchanged, [.leftToOwn])) }
            return change
        }
        try load(plan, existing, request.mode(hook), image, registry, to: &change)
        return change
    }

    /// What a request makes of a hook, with nothing loaded; nil if the hook is left as it is.
    ///
    /// - Parameter existing: what this registry has there.
    func plan(
        _ hook: Hook, _ request: AttachmentRequest, _ image: RegistryImage, _ existing: [Attachment]
    ) throws(PacketMetadataError) -> HookPlan? {
        let selection = request.selection(hook)
        try request.refusePrebuilt(at: hook)
        if selection == .unchanged { return nil }
        if let mode = request.mode(hook), let other = existing.first(where: { $0.record.mode != mode }) {
            let record = other.record
            throw PacketMetadataError(
                AttachingRefusal.attachedInOtherMode(
                    program: record.program, record.mode, hook, at: target.place))
        }
        guard let choices = selection.choices(beside: existing.flatMap(\.members).map(\.record)) else { return nil }
        let specs = try specs(choices, hook, image, request.owners(hook))
        return try target.attaching(hook).plan(specs, existing, request)
    }

    /// What becomes of hooks without some of their programs, or without any: nothing for a hook that has none.
    ///
    /// - Parameter words: what the user calls the programs; none for all.
    func changes(
        detaching words: [String], from hooks: [Hook], _ index: AttachmentIndex, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> [HookChange] {
        try changes(detachingFrom: hooks, index, registry) { (attachments) throws(PacketMetadataError) in
            let doomed = try doomed(words, among: attachments)
            return { doomed?.contains($0.folders.entry.path) ?? true }
        }
    }

    /// What becomes of hooks without the programs that somebody declares.
    func changes(
        detachingDeclaredFrom hooks: [Hook], _ index: AttachmentIndex, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> [HookChange] {
        try changes(detachingFrom: hooks, index, registry) { _ in { !$0.record.owner.isEmpty } }
    }

    /// - Parameter choice: given all that there is, says of each whether it goes.
    private func changes(
        detachingFrom hooks: [Hook], _ index: AttachmentIndex, _ registry: borrowing Registry,
        _ choice: ([Attachment]) throws(PacketMetadataError) -> (Attachment.Member) -> Bool
    ) throws(PacketMetadataError) -> [HookChange] {
        var found: [(attaching: any HookAttaching, attachments: [Attachment])] = []
        for hook in hooks { found.append((target.attaching(hook), try existing(hook, among: index))) }
        let isDoomed = try choice(found.flatMap(\.attachments))
        var changes: [HookChange] = []
        for (attaching, attachments) in found where !attachments.isEmpty {
            let plan = HookPlan.detaching(attachments.map { $0.members.map(\.record) }) { attachment, program in
                isDoomed(attachments[attachment].members[program])
            }
            var change = HookChange(attacher: self, attaching: attaching)
            try load(plan, attachments, nil, nil, registry, to: &change)
            changes.append(change)
        }
        return changes
    }

    /// Where the programs that words mean are pinned; nil for all.
    private func doomed(
        _ words: [String], among attachments: [Attachment]
    ) throws(PacketMetadataError) -> Set<FilePath>? {
        if words.isEmpty || attachments.isEmpty { return nil }
        let members = attachments.flatMap(\.members)
        do throws(ArrangementError) {
            let identities = members.map(\.record.identity)
            let removed = try Arrangement(existing: identities, without: words).removed
            return Set(removed.map { members[$0].folders.entry.path })
        } catch {
            throw PacketMetadataError(AttachingRefusal(error))
        }
    }

    func specs(
        _ choices: [ProgramChoice], _ hook: Hook, _ image: RegistryImage, _ owners: [String]? = nil
    ) throws(PacketMetadataError) -> [ProgramSpec] {
        var specs: [ProgramSpec] = []
        for (index, choice) in choices.enumerated() {
            var spec = try programs.spec(choice, hook, image)
            spec.owner = owners?[index] ?? ""
            specs.append(spec)
        }
        let identities = specs.map(\.identity)
        if let twice = identities.first(where: { one in identities.count(where: { $0 == one }) > 1 }) {
            throw PacketMetadataError(AttachingRefusal.namedTwice(twice))
        }
        return specs
    }

    // MARK: Loading

    /// - Parameter image: the registry that programs will meet; nil: as it is, which is asked only if programs are loaded.
    private func load(
        _ plan: HookPlan, _ existing: [Attachment], _ mode: AttachmentMode?, _ image: RegistryImage?,
        _ registry: borrowing Registry, to change: inout HookChange
    ) throws(PacketMetadataError) {
        for step in plan.steps {
            switch step {
            case .leave(let index): change.steps.append(.leave(reports(existing[index], .unchanged)))
            case .attach(let new):
                let candidates = try change.attaching.modes(mode)
                let maps = new.origin.map { MapsSource.folder(existing[$0].members[0].folders.maps) } ?? .new
                change.steps.append(.attach(try NewAttachment(new, maps, candidates, change.attaching, self, registry)))
            case .swap(let index, let slots, let gone):
                let image = if let image { image } else { try registry.image() }
                let gone = gone.map { report(existing[index].members[$0].record, .detached) }
                change.steps.append(try load(slots, of: existing[index], image, registry, gone))
            case .remove(let index, let hasMoved):
                change.steps.append(
                    .remove(existing[index], hasMoved ? [] : reports(existing[index], .detached)))
            }
        }
    }

    private func load(
        _ slots: [HookPlan.Slot], of attachment: Attachment, _ image: RegistryImage, _ registry: borrowing Registry,
        _ gone: [AttachmentReport]
    ) throws(PacketMetadataError) -> HookChange.Step {
        let members = attachment.members
        var entries: [ChainLoader.Entry] = []
        for slot in slots {
            switch slot {
            case .kept(let index, _): entries.append(try programs.entry(members[index], for: image))
            case .new(let spec, _): entries.append(ChainLoader.Entry(spec: spec))
            }
        }
        let (hook, mode) = (attachment.record.hook, attachment.record.mode)
        let chain = try loader(hook, mode, isAttached: true).load(entries, in: registry)
        // Where the driver cannot be asked, what was loaded may be what is there.
        let isSame =
            chain.members.count == members.count
            && zip(members, chain.members).allSatisfy { $0.record.isProgram(of: $1.spec) }
        var records: [AttachmentRecord] = []
        var reports: [AttachmentReport] = []
        for (slot, member) in zip(slots, chain.members) {
            let (record, outcome) =
                switch slot {
                case .kept(let index, let outcome): (members[index].record.renewed(as: member), outcome)
                case .new(_, let outcome):
                    (
                        AttachmentRecord(
                            member, mode: mode, at: target.site, hasEthernetHeader: target.hasEthernetHeader),
                        outcome
                    )
                }
            records.append(record)
            reports.append(report(record, isSame ? .unchanged : outcome, member.fallbacks))
        }
        return isSame ? .leave(reports) : .swap(attachment, RecordedChain(chain, records), reports + gone)
    }
}
