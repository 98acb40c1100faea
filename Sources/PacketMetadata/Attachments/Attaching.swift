// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
internal import SystemPackage

extension Registry {
    /// Attaches programs to interfaces of this thread's network namespace, by pinned links that outlive this process.
    ///
    /// Where this registry has programs attached already, they are replaced, with no packet unprocessed in between.
    /// Programs of others are never touched. If anything fails, all hooks are as they were before.
    ///
    /// - Throws: `notFound` if there is no such interface, a program's field is not registered, or a neighbour is not
    ///   there; `badData` for what is wrong with an object; `taken` if something else holds the hook; `unsupported`;
    ///   `missingPrivilege`.
    public func attach(
        _ request: AttachmentRequest, to interfaceNames: [String]
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        try registeringMissing(request, Self.attachingSummary(interfaceNames)) { () throws(PacketMetadataError) in
            try attachRegistered(request, interfaceNames)
        }
    }

    /// Does something once the fields that a request wants are registered; they go again if it fails.
    func registeringMissing<Value>(
        _ request: AttachmentRequest, _ summary: String, _ body: () throws(PacketMetadataError) -> Value
    ) throws(PacketMetadataError) -> Value {
        var missing: [FieldDefinition] = []
        do throws(PacketMetadataError) {
            for path in request.registersMissing ? request.objects : [] {
                let loader = ProgramLoader(
                    try ObjectFile(path: path), image: try image(), isStrict: true, summary: summary)
                for definition in try loader.missingDefinitions() {
                    missing.append(definition)
                    _ = try register(definition)
                }
            }
            return try body()
        } catch {
            for definition in missing { _ = try? unregister(definition.name) }
            let names = Set(missing.map(\.name))
            let left = ((try? image())?.fields ?? []).filter { names.contains($0.name) }.map(\.name.text)
            if left.isEmpty || error.kind == .unfinished { throw error }
            throw error.unfinished(
                summary, "\(left.joined(separator: ", ")) \(left.count == 1 ? "is" : "are") registered",
                remedy: "pktmeta unregister-field takes \(left.count == 1 ? "it" : "them") back.")
        }
    }

    private static func attachingSummary(_ interfaceNames: [String]) -> String {
        "cannot attach to \(interfaceNames.joined(separator: ", "))"
    }

    private func attachRegistered(
        _ request: AttachmentRequest, _ interfaceNames: [String]
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let store = AttachmentStore(pins)
        let summary = Self.attachingSummary(interfaceNames)
        let attachers = try Attacher.attachers(interfaceNames, store: store, "cannot attach to")
        return try pins.locked { () throws(PacketMetadataError) in
            do throws(PacketMetadataError) {
                try refuseIfReplaced(summary)
                try recover(summary)
            } catch {
                throw error.keeping(from: summary)
            }
            let image = try image()
            try refuseIfDamaged(image, summary)
            try refuseIfTagIsShared(image, summary)

            // Whatever is wrong with an object shows before anything is attached.
            var changes: [(attacher: Attacher, change: HookChange)] = []
            for attacher in attachers {
                changes.append((attacher, try attacher.prepareXDP(request, image, self)))
                changes.append((attacher, try attacher.prepareTC(request, image, self)))
            }
            return try apply(changes, store, summary)
        }
    }

    /// Does all or nothing.
    private func apply(
        _ changes: [(attacher: Attacher, change: HookChange)], _ store: AttachmentStore, _ summary: String
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let journal = AttachmentJournal(store)
        var reports: [AttachmentReport] = []
        do throws(PacketMetadataError) {
            for (attacher, change) in changes {
                reports += try attacher.apply(change, journal, self)
            }
        } catch {
            if journal.revert() { throw error }
            let interfaces = Set(changes.map(\.attacher.interface.name)).sorted().joined(separator: ", ")
            throw error.unfinished(
                summary, "some of what was attached to \(interfaces) could not be taken back",
                remedy: "pktmeta status --registry \(path) shows what is attached; pktmeta repair finishes it.")
        }
        try journal.commit(summary)
        return reports
    }

    /// Whether this thread's network namespace has such an interface.
    ///
    /// - Throws: `notFound` if not.
    public static func checkInterface(_ name: String) throws(PacketMetadataError) {
        _ = try Attacher.interface(name, "cannot attach to \(name)")
    }

    /// Detaches this registry's programs from hooks of interfaces of this thread's network namespace.
    ///
    /// - Parameters:
    ///   - interfaceNames: as `ip link` shows them.
    ///   - hooks: just those.
    ///   - programs: just those, by what users know them by; all if empty.
    ///   - skippingUntouched: leaves out interfaces that have none, as long as one has.
    /// - Throws: `notFound` if there is no such interface, or nothing of this registry is attached there.
    public func detach(
        from interfaceNames: [String], hooks: [Hook], programs: [String] = [], skippingUntouched: Bool = false
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let store = AttachmentStore(pins)
        let summary = "cannot detach from \(interfaceNames.joined(separator: ", "))"
        let attachers = try Attacher.attachers(interfaceNames, store: store, "cannot detach from")
        return try pins.locked { () throws(PacketMetadataError) in
            do throws(PacketMetadataError) {
                try store.recover()
            } catch {
                throw error.keeping(from: summary)
            }
            var changes: [(attacher: Attacher, change: HookChange)] = []
            for attacher in attachers {
                let change = try attacher.prepareDetaching(hooks, programs, self)
                if change.entries.isEmpty {
                    if skippingUntouched { continue }
                    throw nothingAttached(attacher.summary, hooks)
                }
                changes.append((attacher, change))
            }
            if changes.isEmpty { throw nothingAttached(summary, hooks) }
            return try apply(changes, store, summary)
        }
    }
}

extension Registry {
    private func nothingAttached(_ summary: String, _ hooks: [Hook]) -> PacketMetadataError {
        PacketMetadataError(
            .notFound, summary,
            reason: "nothing of the registry \(path) is attached to its "
                + hooks.map(\.description).joined(separator: " or "))
    }
}

extension Attacher {
    fileprivate func apply(
        _ change: HookChange, _ journal: AttachmentJournal, _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        var reports: [AttachmentReport] = []
        var last: UInt32?
        for entry in change.entries {
            var done = entry.reports
            switch entry.step {
            case .leave: break
            case .swap(let attachment, let chain):
                do throws(BPFError) {
                    try journal.swap(attachment, to: chain)
                } catch {
                    throw PacketMetadataError(error, summary, needs: [.bpf, .netAdmin])
                }
            case .attachXDP(let new): done += try attach(new, journal, registry)
            case .attachTC(let chain, let attaching):
                try attach(chain, attaching, behind: last, journal)
                last = chain.first.program.id
            case .remove(let attachment): journal.removeAtTheEnd(attachment, reporting: done)
            }
            if !entry.step.isRemoval { journal.done += done }
            reports += done
        }
        return reports
    }

    fileprivate func prepareDetaching(
        _ hooks: [Hook], _ words: [String], _ registry: borrowing Registry
    ) throws(PacketMetadataError) -> HookChange {
        var change = HookChange()
        var existing: [Attachment] = []
        for hook in hooks { existing += try self.existing(hook) }
        if words.isEmpty {
            for attachment in existing {
                change.add(.remove(attachment), attachment.members.map { report($0.record, .detached) })
            }
            return change
        }
        if existing.isEmpty { return change }
        let members = existing.flatMap { attachment in attachment.members.map { (attachment, $0) } }
        let gone = try arranged { () throws(ArrangementError) in
            try Arrangement(existing: members.map(\.1.record.identity), without: words)
        }.removed
        for attachment in existing {
            let doomed = gone.filter { members[$0].0.entry == attachment.entry }.map { members[$0].1 }
            if doomed.isEmpty { continue }
            let left = attachment.members.filter { member in
                !doomed.contains { $0.folders.entry == member.folders.entry }
            }
            let reports = doomed.map { report($0.record, .detached) }
            if left.isEmpty {
                change.add(.remove(attachment), reports)
            } else {
                change.add(.swap(attachment, try load(left, of: attachment, registry)), reports)
            }
        }
        return change
    }
}
