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
        let path = path
        return try change(.registerField(definition.name)) { (image) throws(PacketMetadataError) in
            let state = try stateImage()
            let (steps, field) = try image.registering(definition, id: id, now: Clock.realtime) {
                state.counters(ofSlot: $0)
            }
            let events: [RegistryChange.Event] = steps.isEmpty ? [] : [.registered(field)]
            return Change(steps: steps, events: events, result: (field, !steps.isEmpty)) { [path] now in
                now.fields.contains { $0.id == field.id } ? .registered(field, in: path) : nil
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
        let path = path
        return try change(.unregisterField(name)) { (image) throws(PacketMetadataError) in
            guard let field = image.field(named: name) else { throw noSuchField(name, image) }
            if !force { try refuseIfUsed(field) }
            let events: [RegistryChange.Event] = [.unregistered(field)]
            return Change(steps: image.unregistering(field), events: events, result: field) { [path] now in
                now.fields.contains { $0.id == field.id } ? nil : .unregistered(name, from: path)
            }
        }
    }

    /// Closes holes between fields, under traffic.
    ///
    /// Packets under way give -EFAULT for a field that moves; ids stay good; fields that need not move are not touched.
    ///
    /// - Returns: the fields that moved, where they lie now.
    public func compact() throws(PacketMetadataError) -> [RegisteredField] {
        try compact { $0.compacting() }
    }

    /// The same, if that gives all fields a place in areas of that size.
    func compact(into capacity: Int) throws(PacketMetadataError) -> [RegisteredField] {
        try compact { $0.compacting(into: capacity) }
    }

    private func compact(
        _ compacting: (RegistryImage) -> [RegistryStep]
    ) throws(PacketMetadataError) -> [RegisteredField] {
        let path = path
        return try change(.compactRegistry(path)) { (image) throws(PacketMetadataError) in
            let steps = compacting(image)
            let before = Set(image.fields)
            let moved = image.applying(steps).fields.filter { !before.contains($0) }
            return Change(steps: steps, events: moved.map { .moved($0) }, result: moved) { [path] now in
                let moved = now.fields.filter { !before.contains($0) }.map(\.name)
                return moved.isEmpty ? nil : .moved(moved, in: path)
            }
        }
    }

    /// Has attached programs take other statistics, from the next packet on.
    ///
    /// - Returns: whether they took others before.
    @discardableResult
    public func take(_ statistics: Statistics) throws(PacketMetadataError) -> Bool {
        let path = path
        return try change(.setStatistics(path)) { (image) throws(PacketMetadataError) in
            let steps = image.takingStatistics(statistics)
            let events: [RegistryChange.Event] = steps.isEmpty ? [] : [.statisticsChanged(statistics)]
            return Change(steps: steps, events: events, result: !steps.isEmpty) { [path] now in
                now.statistics == statistics ? .setStatistics(statistics, path) : nil
            }
        }
    }

    /// Finishes what killed processes left behind, drops attachments that cannot be read, and unregisters what in the
    /// registry makes no sense.
    public func repair() throws(PacketMetadataError) -> Repairs {
        try doing(.repairRegistry(path)) { () throws(PacketMetadataError) in
            try pins.locked { () throws(PacketMetadataError) in
                try refuseIfReplaced()
                let finished = try recover(dropsDamaged: true)
                let image = try image()
                try act(image.repairing(), on: image)
                for problem in image.problems { pins.record(.cleared(problem)) }
                return Repairs(finished: finished, unregistered: image.problems)
            }
        }
    }

    /// What ``repair()`` did.
    public struct Repairs: Sendable, Hashable {
        /// Half-done things, in words.
        public let finished: [String]
        public let unregistered: [RegistryProblem]
    }

    /// A change that was decided.
    struct Change<Result> {
        let steps: [RegistryStep]
        /// What was changed once all steps are done.
        let events: [RegistryChange.Event]
        let result: Result
        /// What of it was done, by what the registry is after it failed; nil if nothing was.
        let done: (RegistryImage) -> Done?
    }

    /// Under the lock: recovers, decides, loads what will be needed, acts.
    func change<Result>(
        _ action: Action, _ decide: (RegistryImage) throws(PacketMetadataError) -> Change<Result>
    ) throws(PacketMetadataError) -> Result {
        try pins.locked { () throws(PacketMetadataError) in
            do throws(PacketMetadataError) {
                try refuseIfReplaced()
                try recover()
                try refuseIfDamaged(image())
            } catch {
                throw error.keeping(from: action)
            }
            let image = try image()
            let change = try doing(action) { () throws(PacketMetadataError) in try decide(image) }
            do throws(PacketMetadataError) {
                try act(change.steps, on: image)
            } catch {
                // What others see of it by now is done: nobody takes it back.
                guard let now = try? self.image(), let done = change.done(now) else {
                    throw error.keeping(from: action)
                }
                throw error.unfinished(action, done)
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
    func recover(dropsDamaged: Bool = false) throws(PacketMetadataError) -> [String] {
        var finished: [String] = []
        for follower in pins.followers { finished += try follower.recover(dropsDamaged: dropsDamaged) }
        func finish(_ text: String) {
            pins.record(.finished(text))
            finished.append(text)
        }
        if try closePins() { finish("closed the pins of attachments and of the seal to all but their owner") }
        let image = try image()
        let steps = image.recovery()
        try act(steps + [.renew], on: image)
        if !steps.isEmpty { finish("finished a change of the registry that was cut short") }
        return finished
    }

    private func closePins() throws(PacketMetadataError) -> Bool {
        do throws(Errno) {
            return try pins.closeFolders()
        } catch {
            throw PacketMetadataError(error, doing: "close the pins in \(path) to all but its owner")
        }
    }

    private func act(_ steps: [RegistryStep], on image: RegistryImage) throws(PacketMetadataError) {
        if steps.isEmpty { return }
        // Programs are loaded for what areas will be known by.
        guard let seal = steps.lazy.compactMap({ if case .reseal(let seal) = $0 { seal } else { nil } }).first else {
            return try act(steps, try renewals(steps, on: image, of: self))
        }
        let future = try Registry.open(pins, for: .write, sealedBy: seal)
        try act(steps, try renewals(steps, on: image, of: future))
    }

    private func renewals(
        _ steps: [RegistryStep], on image: RegistryImage, of registry: borrowing Registry
    ) throws(PacketMetadataError) -> [[any RegistryRenewal]] {
        let followers = pins.followers
        // Each renewal for the registry as it will be at that step, prepared before the first step is done.
        var renewals: [[any RegistryRenewal]] = []
        for index in steps.indices where steps[index] == .renew {
            let then = image.applying(Array(steps[..<index]))
            var prepared: [any RegistryRenewal] = []
            for follower in followers { prepared.append(try follower.prepare(for: then, of: registry)) }
            renewals.append(prepared)
        }
        return renewals
    }

    private func act(_ steps: [RegistryStep], _ renewals: [[any RegistryRenewal]]) throws(PacketMetadataError) {
        var renewals = renewals
        for step in steps {
            switch step {
            case .renew: for renewal in renewals.removeFirst() { try renewal.apply() }
            case .rebase(let baselines): try rebase(baselines)
            default: try act(step)
            }
        }
    }

    /// By one call of the kernel, so that a killed process has written all or nothing. It stores what is not changed as it
    /// is: nobody else writes there, and programs that read meanwhile see no difference.
    private func rebase(_ baselines: StateBaselines) throws(PacketMetadataError) {
        do throws(BPFError) {
            var bytes = try fieldsMap.value
            baselines.store(in: &bytes)
            try fieldsMap.update(at: 0, bytes)
        } catch {
            throw PacketMetadataError(error, needs: [.bpf])
        }
    }

    private func act(_ step: RegistryStep) throws(PacketMetadataError) {
        let mapped: MappedArray
        do throws(Errno) {
            mapped = try MappedArray(fieldsMap)
        } catch {
            throw PacketMetadataError(error, doing: "map \(pins.registry) to memory", needs: [.bpf])
        }
        do throws(BPFError) {
            try act(step, mapped)
        } catch {
            throw PacketMetadataError(error, needs: [.bpf])
        }
    }

    private func act(_ step: RegistryStep, _ mapped: borrowing MappedArray) throws(BPFError) {
        switch step {
        case .raiseRevision(let revision):
            mapped.store(revision, at: 0, word: RegistryImage.revisionWord)
        case .describe(let slot, let entry):
            mapped.store(entry, at: 0, offset: RegistryImage.entryOffset(slot))
        case .setResets(let resets):
            mapped.store(resets, at: 0, word: RegistryImage.resetsWord)
        case .setStatistics(let statistics):
            mapped.store(encode(statistics.interval), at: 0, offset: RegistryImage.statisticsOffset)
        case .gracePeriod:
            try waitForRunningPrograms()
        case .publish(let slot, let layout):
            mapped.store(layout.rawValue, at: 0, word: RegistryImage.layoutWord(slot))
        case .setWord(let word):
            mapped.store(word.rawValue, at: 0, word: 0)
        case .reseal(let seal):
            try BPFMap(pinnedAt: pins.seal).update(at: 0, seal.bytes)
            // What sockets have asked for by programs of the old one goes, and the next ones begin anew.
            for name in try perform({ () throws(Errno) in try pins.sockets.exists() ? pins.sockets.contents() : [] }) {
                try perform { () throws(Errno) in try pins.sockets.appending(name).unlink() }
            }
        case .rebase, .renew:
            preconditionFailure("these take more than the mapped map")
        }
    }

    private func perform<Value>(_ body: () throws(Errno) -> Value) throws(BPFError) -> Value {
        do throws(Errno) {
            return try body()
        } catch {
            throw BPFError("remove \(pins.sockets)", error)
        }
    }

    // MARK: Refusals

    func refuseIfDamaged(_ image: RegistryImage) throws(PacketMetadataError) {
        guard let problem = image.problems.first else { return }
        throw PacketMetadataError(RegistryRefusal.damagedFields(path, problem))
    }

    /// While we waited for the lock, the registry that was opened may have been removed and made anew.
    func refuseIfReplaced() throws(PacketMetadataError) {
        if try isReplaced() { throw pins.replaced }
    }

    /// Whether its path is another registry's by now, or nobody's.
    func isReplaced() throws(PacketMetadataError) -> Bool {
        let pinned: UInt32?
        do throws(BPFError) {
            pinned = try BPFMap(pinnedAt: pins.registry, readOnly: true).id
        } catch {
            guard error.errno == .noSuchFileOrDirectory else {
                throw PacketMetadataError(error, needs: [.bpf])
            }
            pinned = nil
        }
        return pinned != fieldsMap.id
    }

    /// - Parameter isExpected: whether a use is none that counts.
    func refuseIfUsed(
        _ field: RegisteredField, beside isExpected: (FieldUse) -> Bool = { _ in false }
    ) throws(PacketMetadataError) {
        var uses: [FieldUse] = []
        for follower in pins.followers { uses += try follower.uses(of: field) }
        uses.removeAll(where: isExpected)
        if !uses.isEmpty { throw PacketMetadataError(RegistryRefusal.fieldInUse(uses)) }
    }

    func noSuchField(_ name: FieldName, _ image: RegistryImage) -> PacketMetadataError {
        PacketMetadataError(RegistryRefusal.noSuchField(name, path, among: image.fields.map(\.name)))
    }
}
