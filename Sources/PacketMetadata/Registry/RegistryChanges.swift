// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
internal import SystemPackage

extension Registry {
    /// Registers a field, or finds it registered just so.
    ///
    /// Attached prebuilt programs set and get it from the next packet on.
    ///
    /// - Parameters:
    ///   - definition: what the field is to be.
    ///   - id: what the field is to have, as it had in another registry; nil: any.
    /// - Throws: `taken` if the name is another field's, there is no slot or no space for it, or the id is or was another
    ///   field's; `usage` if no field can have it.
    public func register(
        _ definition: FieldDefinition, id: FieldID? = nil
    ) throws(PacketMetadataError) -> (field: RegisteredField, isNew: Bool) {
        try change("cannot register \(definition.name)") { (image) throws(PacketMetadataError) in
            let (steps, field) = try image.registering(definition, id: id, now: Clock.realtime)
            let events: [RegistryChange.Event] = steps.isEmpty ? [] : [.registered(field)]
            return Change(steps: steps, events: events, result: (field, !steps.isEmpty)) { now in
                now.fields.contains { $0.id == field.id }
                    ? .init(text: "\(field.name) is registered", id: field.id) : nil
            }
        }
    }

    /// Unregisters a field and gives its space back.
    ///
    /// - Parameters:
    ///   - name: the field's.
    ///   - force: also if an attached program uses the field by its id.
    /// - Throws: `notFound`; `taken` if an attached program uses it.
    public func unregister(
        _ name: FieldName, force: Bool = false
    ) throws(PacketMetadataError) -> RegisteredField {
        try change("cannot unregister \(name)") { (image) throws(PacketMetadataError) in
            guard let field = image.field(named: name) else { throw noSuchField(name, image) }
            if !force { try refuseIfUsed(field) }
            let events: [RegistryChange.Event] = [.unregistered(field)]
            return Change(steps: image.unregistering(field), events: events, result: field) { now in
                now.fields.contains { $0.id == field.id } ? nil : .init(text: "\(name) is unregistered")
            }
        }
    }

    /// Closes holes between fields, under traffic.
    ///
    /// Packets under way give -EFAULT for a field that moves; ids stay good; fields that need not move are not touched.
    ///
    /// - Returns: the fields that moved, where they lie now.
    public func compact() throws(PacketMetadataError) -> [RegisteredField] {
        try change("cannot compact the registry \(path)") { (image) throws(PacketMetadataError) in
            let steps = image.compacting()
            let before = Set(image.fields)
            let moved = image.applying(steps).fields.filter { !before.contains($0) }
            return Change(steps: steps, events: moved.map { .moved($0) }, result: moved) { now in
                let moved = now.fields.filter { !before.contains($0) }.map(\.name.text)
                return moved.isEmpty ? nil : .init(text: "\(moved.joined(separator: ", ")) moved")
            }
        }
    }

    /// Finishes what killed processes left behind, drops attachments that cannot be read, and unregisters what in the
    /// registry makes no sense.
    public func repair() throws(PacketMetadataError) -> Repairs {
        let summary = "cannot repair the registry \(path)"
        return try pins.locked { () throws(PacketMetadataError) in
            try refuseIfReplaced(summary)
            let finished = try recover(summary, dropsDamaged: true)
            let image = try image()
            let steps = image.repairing()
            try act(steps, on: image, summary)
            for problem in image.problems { pins.record(.cleared(problem)) }
            return Repairs(finished: finished, unregistered: image.problems)
        }
    }

    /// What ``repair()`` did.
    public struct Repairs: Sendable, Hashable {
        /// Half-done things, in words.
        public let finished: [String]
        public let unregistered: [RegistryProblem]
    }

    /// A change that was decided.
    private struct Change<Result> {
        let steps: [RegistryStep]
        /// What was changed once all steps are done.
        let events: [RegistryChange.Event]
        let result: Result
        /// What of it was done, by what the registry is after it failed; nil if nothing was.
        let done: (RegistryImage) -> PacketMetadataError.Done?
    }

    /// Under the lock: recovers, decides, loads what will be needed, acts.
    private func change<Result>(
        _ summary: String, _ decide: (RegistryImage) throws(PacketMetadataError) -> Change<Result>
    ) throws(PacketMetadataError) -> Result {
        try pins.locked { () throws(PacketMetadataError) in
            do throws(PacketMetadataError) {
                try refuseIfReplaced(summary)
                try recover(summary)
                try refuseIfDamaged(image(), summary)
            } catch {
                throw error.keeping(from: summary)
            }
            let image = try image()
            let change = try decide(image)
            do throws(PacketMetadataError) {
                try act(change.steps, on: image, summary)
            } catch {
                // What others see of it by now is done: nobody takes it back.
                guard let now = try? self.image(), let done = change.done(now) else {
                    throw error.keeping(from: summary)
                }
                throw error.unfinished(
                    summary, done.text, id: done.id, remedy: "pktmeta repair --registry \(path) finishes it.")
            }
            for event in change.events { pins.record(event) }
            return change.result
        }
    }

    /// Finishes what killed processes began, of the registry and of its attachments. Under the lock.
    ///
    /// - Parameter dropsDamaged: whether attachments that cannot be read are detached and removed.
    /// - Returns: what that was, in words.
    @discardableResult
    func recover(_ summary: String, dropsDamaged: Bool = false) throws(PacketMetadataError) -> [String] {
        var finished: [String] = []
        for follower in pins.followers { finished += try follower.recover(dropsDamaged: dropsDamaged) }
        func finish(_ text: String) {
            pins.record(.finished(text))
            finished.append(text)
        }
        if try closePins(summary) { finish("closed the pins of attachments and of the seal to all but their owner") }
        let image = try image()
        let steps = image.recovery()
        try act(steps + [.renew], on: image, summary)
        if !steps.isEmpty { finish("finished a change of the registry that was cut short") }
        return finished
    }

    private func closePins(_ summary: String) throws(PacketMetadataError) -> Bool {
        do throws(Errno) {
            return try pins.closeFolders()
        } catch {
            throw PacketMetadataError(error, summary, doing: "close the pins in \(path) to all but its owner")
        }
    }

    private func act(
        _ steps: [RegistryStep], on image: RegistryImage, _ summary: String
    ) throws(PacketMetadataError) {
        if steps.isEmpty { return }
        let followers = pins.followers
        // Each renewal for the registry as it will be at that step, prepared before the first step is done.
        var renewals: [[any RegistryRenewal]] = []
        for index in steps.indices where steps[index] == .renew {
            let then = image.applying(Array(steps[..<index]))
            var prepared: [any RegistryRenewal] = []
            for follower in followers { prepared.append(try follower.prepare(for: then, of: self)) }
            renewals.append(prepared)
        }
        for step in steps {
            if step == .renew {
                for renewal in renewals.removeFirst() { try renewal.apply() }
            } else {
                try act(step, summary)
            }
        }
    }

    private func act(_ step: RegistryStep, _ summary: String) throws(PacketMetadataError) {
        do {
            try act(step, MappedArray(fieldsMap))
        } catch let error as BPFError {
            throw PacketMetadataError(error, summary, needs: [.bpf])
        } catch let error as Errno {
            throw PacketMetadataError(error, summary, doing: "map \(pins.registry) to memory", needs: [.bpf])
        } catch {
            throw PacketMetadataError(.system, summary, reason: "\(error)")
        }
    }

    private func act(_ step: RegistryStep, _ mapped: borrowing MappedArray) throws {
        switch step {
        case .raiseRevision(let revision):
            mapped.store(revision, at: 0, word: RegistryImage.revisionWord)
        case .describe(let slot, let entry):
            mapped.store(entry, at: 0, offset: RegistryImage.entryOffset(slot))
        case .resetState(let slot, let id):
            try stateMap.update(at: slot, FieldState.fresh(id: id))
        case .gracePeriod:
            try waitForRunningPrograms()
        case .publish(let slot, let layout):
            mapped.store(layout.rawValue, at: 0, word: RegistryImage.layoutWord(slot))
        case .setWord(let word):
            mapped.store(word.rawValue, at: 0, word: 0)
        case .renew:
            preconditionFailure("renewals are prepared before")
        }
    }

    // MARK: Refusals

    func refuseIfDamaged(_ image: RegistryImage, _ summary: String) throws(PacketMetadataError) {
        guard let problem = image.problems.first else { return }
        throw PacketMetadataError(
            .badData, summary, reason: "the registry \(path) is damaged: \(problem)",
            remedy: "pktmeta inspect-map registry lists all damage; pktmeta repair unregisters what is damaged.")
    }

    /// While we waited for the lock, the registry that was opened may have been removed and made anew.
    func refuseIfReplaced(_ summary: String) throws(PacketMetadataError) {
        guard try isReplaced(summary) else { return }
        throw pins.replaced(summary)
    }

    /// Whether its path is another registry's by now, or nobody's.
    func isReplaced(_ summary: String) throws(PacketMetadataError) -> Bool {
        let pinned: UInt32?
        do throws(BPFError) {
            pinned = try BPFMap(pinnedAt: pins.registry, readOnly: true).id
        } catch {
            guard error.errno == .noSuchFileOrDirectory else {
                throw PacketMetadataError(error, summary, needs: [.bpf])
            }
            pinned = nil
        }
        return pinned != fieldsMap.id
    }

    private func refuseIfUsed(_ field: RegisteredField) throws(PacketMetadataError) {
        var programs: [String] = []
        for follower in pins.followers { programs += try follower.users(of: field) }
        if programs.isEmpty { return }
        throw PacketMetadataError(
            .taken, "cannot unregister \(field.name)",
            reason: programs.joined(separator: ", "),
            remedy: "Detach first, or use --force: programs that use it then get -ENOENT for it.")
    }

    private func noSuchField(_ name: FieldName, _ image: RegistryImage) -> PacketMetadataError {
        PacketMetadataError(
            .notFound, "cannot unregister \(name)", reason: "the registry \(path) has no such field",
            remedy: image.fields.isEmpty
                ? nil
                : NearestName.question(name.text, among: image.fields.map(\.name.text))
                    + "It has \(image.fields.map(\.name.text).joined(separator: ", ")).")
    }
}
