// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
public import SystemPackage

extension HostDeclaration {
    /// How this host differs from it.
    ///
    /// Where the registry does not exist, nothing is asked of the kernel but what interfaces and cgroups there are.
    ///
    /// - Parameters:
    ///   - path: the registry's folder of pins.
    ///   - limits: what may go.
    ///   - trustsOwner: as for ``Registry/open(at:for:trustsOwner:waiting:recording:)``.
    ///   - waiting: how to wait for processes that change the registry.
    /// - Throws: `badData` if declarations contradict each other, or for what is wrong with an object; `taken` for what
    ///   the limits do not let go; as `attach` for what hooks refuse before anything is loaded.
    public func plan(
        at path: FilePath, _ limits: DeclarationLimits = DeclarationLimits(), trustsOwner: Bool = false,
        waiting: LockWait = LockWait()
    ) throws(PacketMetadataError) -> HostPlan {
        try doing(.planHost(path)) { () throws(PacketMetadataError) in
            guard let registry = try registry(at: path, trustsOwner, waiting) else {
                return try freshPlan(path, limits)
            }
            return try registry.plan(self, limits)
        }
    }

    /// How this host differs from it, whatever can or cannot be done about it: what cannot be had is among what is absent.
    ///
    /// - Parameters: as for ``plan(at:_:trustsOwner:waiting:)``.
    /// - Throws: `badData` if declarations contradict each other, or for what is wrong with an object.
    public func differences(
        at path: FilePath, trustsOwner: Bool = false, waiting: LockWait = LockWait()
    ) throws(PacketMetadataError) -> HostPlan {
        try doing(.planHost(path)) { () throws(PacketMetadataError) in
            let limits = DeclarationLimits(prunes: false, replaces: true)
            guard let registry = try registry(at: path, trustsOwner, waiting) else {
                return try freshPlan(path, limits, tells: true)
            }
            return try registry.plan(self, limits, tells: true)
        }
    }

    /// The plan, once what killed processes left is finished.
    func planFinishing(
        at path: FilePath, _ limits: DeclarationLimits, trustsOwner: Bool, waiting: LockWait,
        recording: @escaping @Sendable (RegistryChange) -> Void
    ) throws(PacketMetadataError) -> HostPlan {
        try doing(.planHost(path)) { () throws(PacketMetadataError) in
            guard let registry = try registry(at: path, trustsOwner, waiting, recording) else {
                return try freshPlan(path, limits)
            }
            return try registry.plan(self, limits, finishing: true)
        }
    }

    /// - Returns: nil if there is none.
    func registry(
        at path: FilePath, _ trustsOwner: Bool, _ waiting: LockWait,
        _ recording: @escaping @Sendable (RegistryChange) -> Void = { _ in }
    ) throws(PacketMetadataError) -> Registry? {
        do throws(PacketMetadataError) {
            return try Registry.open(
                at: path, for: .write, trustsOwner: trustsOwner, waiting: waiting, recording: recording)
        } catch {
            guard case .noRegistry? = error.refusal as? RegistryRefusal else { throw error }
            return nil
        }
    }

    /// Of a host without the registry.
    ///
    /// - Parameter tells: whether what cannot be had is told, and no error.
    func freshPlan(
        _ path: FilePath, _ limits: DeclarationLimits, tells: Bool = false
    ) throws(PacketMetadataError) -> HostPlan {
        var random = SystemRandomNumberGenerator()
        let usualCapacity = 64
        let empty = RegistryImage.empty(
            capacity: registry.capacity ?? usualCapacity, statistics: registry.statistics ?? .sampled, createdAt: 0,
            using: &random)
        let upkeep = Upkeep(owners: Set(owners), prunes: limits.prunes)
        let fields = try empty.plan(wish(limits, upkeep), now: 0)
        var refused = absences(fields)
        if !tells { try refuse(refused, among: empty, upkeep) }
        if let capacity = registry.capacity {
            do throws(PacketMetadataError) {
                _ = try Registry.grantedCapacity(of: [capacity])
            } catch {
                if !tells, error.kind == .unsupported { throw error }
                if error.kind == .unsupported { refused.append(Absence(kind: .refused(error), place: nil)) }
            }
        }
        let comparison = HostComparison(
            declaration: self, upkeep: upkeep, tells: tells, image: fields.future, existing: { _, _ in [] })
        let hooks = try comparison.hooks(CommandPrograms())
        return HostPlan(
            registry: path,
            settings: [.create(capacity: registry.capacity)] + registry.access.map { [.access($0)] }.orNone,
            fields: changes(fields, upkeep, of: empty), programs: hooks.changes,
            absences: (refused + hooks.absences).withoutRepetition,
            renewed: 0)
    }

    // MARK: Fields

    /// The fields that the registry is to have, with the places and ids of the layout.
    func wish(_ limits: DeclarationLimits, _ upkeep: Upkeep) -> FieldWish {
        let places = Dictionary(layout.map { ($0.name, $0) }) { first, _ in first }
        let wanted = fields.map { field in
            let place = places[field.definition.name]
            return WantedField(field.definition, id: place?.id, offset: place?.offset)
        }
        return FieldWish(wanted, capacity: registry.capacity, replaces: limits.replaces) {
            upkeep.prunes && upkeep.owns($0)
        }
    }

    /// Fields that cannot be had.
    private func absences(_ plan: FieldPlan) -> [Absence] {
        plan.refused.map { refused in
            Absence(
                kind: .refused(refused.error),
                place: fields.first { $0.definition.name == refused.name }?.place)
        }
    }

    private func refuse(
        _ refused: [Absence], among image: RegistryImage, _ upkeep: Upkeep
    ) throws(PacketMetadataError) {
        if refused.isEmpty { return }
        let declared = Set(fields.map(\.definition.name))
        let undeclared = image.fields.filter { !declared.contains($0.name) && upkeep.owns($0) }
        throw PacketMetadataError(
            HostRefusal.fieldsRefused(refused, undeclared: upkeep.prunes ? [] : undeclared.map(\.name)))
    }

    /// What becomes of a registry's fields.
    ///
    /// - Parameter tells: whether what cannot be had is told, and no error.
    func fieldPlan(
        _ image: RegistryImage, _ limits: DeclarationLimits, _ upkeep: Upkeep, tells: Bool = false
    ) throws(PacketMetadataError) -> (plan: FieldPlan, refused: [Absence]) {
        let wish = wish(limits, upkeep)
        try refuseOtherSize(image, limits)
        try refuseOthers(image, limits)
        do throws(PacketMetadataError) {
            let plan = try image.plan(wish, now: Clock.realtime)
            let refused = absences(plan)
            if !tells { try refuse(refused, among: image, upkeep) }
            return (plan, refused)
        } catch {
            // Of the size.
            guard tells, error.kind == .taken else { throw error }
            let plan = try image.plan(wish.withoutCapacity, now: Clock.realtime)
            return (plan, [Absence(kind: .refused(error), place: nil)] + absences(plan))
        }
    }

    /// - Parameter image: the registry as it is.
    func changes(_ plan: FieldPlan, _ upkeep: Upkeep, of image: RegistryImage) -> [FieldChange] {
        let places = Dictionary(fields.map { ($0.definition.name, $0.place) }) { first, _ in first }
        let replaced = Dictionary(plan.replaced.map { ($0.name, $0) }) { first, _ in first }
        func change(
            _ field: RegisteredField, _ kind: FieldChange.Kind, by owners: [String]? = nil
        ) -> FieldChange {
            FieldChange(
                kind: kind, definition: field.definition, offset: field.layout.offset,
                owner: owners?.joined(separator: ", ") ?? field.definition.owner, place: places[field.name])
        }
        let undeclared = image.fields.filter { places[$0.name] == nil && upkeep.owns($0) }
        let moved = plan.moved.compactMap { field in
            image.fields.first { $0.id == field.id }.map { change(field, .move(from: $0.layout.offset)) }
        }
        return plan.pruned.map { change($0, .unregister, by: upkeep.declarers($0)) } + moved
            + plan.registered.map { field in change(field, replaced[field.name].map { .replace($0) } ?? .register) }
            + (upkeep.prunes ? [] : undeclared.map { change($0, .undeclared, by: upkeep.declarers($0)) })
    }

    /// - Throws: `usage` for a size that no area has; `taken` if areas have another, unless that may be changed.
    private func refuseOtherSize(_ image: RegistryImage, _ limits: DeclarationLimits) throws(PacketMetadataError) {
        guard let capacity = registry.capacity, capacity != image.word.capacity else { return }
        guard RegistryWord.capacities.contains(capacity) else {
            throw PacketMetadataError(RegistryRefusal.badCapacity(capacity))
        }
        if !limits.replaces {
            throw PacketMetadataError(HostRefusal.sizeDiffers(image.word.capacity, declared: capacity))
        }
    }

    /// - Throws: all fields that are declared otherwise than they are, unless they may be replaced.
    private func refuseOthers(_ image: RegistryImage, _ limits: DeclarationLimits) throws(PacketMetadataError) {
        if limits.replaces { return }
        let differing: [HostRefusal.OtherField] = fields.compactMap { field in
            guard let there = image.field(named: field.definition.name),
                !there.definition.isSameField(as: field.definition)
            else { return nil }
            return HostRefusal.OtherField(there, field.definition, at: field.place)
        }
        if !differing.isEmpty { throw PacketMetadataError(HostRefusal.fieldsDiffer(differing)) }
    }
}

extension [Absence] {
    /// Each once: of what is not there, several things may be declared.
    fileprivate var withoutRepetition: [Absence] {
        var seen: Set<Absence> = []
        return filter { seen.insert($0).inserted }
    }
}

extension Attachment {
    /// By its name, which it has where it is now.
    fileprivate var point: HookPoint { HookPoint(attachmentNamed: name) ?? record.point }
}

extension Optional where Wrapped: RangeReplaceableCollection {
    var orNone: Wrapped { self ?? Wrapped() }
}

extension Registry {
    /// - Parameters:
    ///   - isFinishing: whether what killed processes left is finished first.
    ///   - tells: whether what cannot be had is told, and no error.
    func plan(
        _ declaration: HostDeclaration, _ limits: DeclarationLimits, finishing isFinishing: Bool = false,
        tells: Bool = false
    ) throws(PacketMetadataError) -> HostPlan {
        let store = AttachmentStore(pins)
        return try pins.locked { () throws(PacketMetadataError) in
            try refuseIfReplaced()
            if isFinishing { try recover() }
            let image = try image()
            try refuseIfDamaged(image)
            let upkeep = try upkeep(of: declaration, limits)
            let (fields, refused) = try declaration.fieldPlan(image, limits, upkeep, tells: tells)
            let future = fields.future
            var absences = refused
            if future.word.capacity != image.word.capacity {
                do throws(PacketMetadataError) {
                    try refuseResizing(to: future.word.capacity)
                } catch {
                    guard tells, error.kind != .missingPrivilege else { throw error }
                    absences.append(Absence(kind: .refused(error), place: nil))
                }
            }
            let index = try AttachmentIndex(store)
            var comparison = try comparison(with: declaration, limits, on: future, index)
            comparison.tells = tells
            let hooks = try comparison.hooks(CommandPrograms())
            let attachments = try index.all().filter { isThere($0, upkeep, beside: hooks.points) }
            let undeclared = try undeclared(attachments, upkeep, beside: hooks.points).flatMap(\.changes)
            let settlement = comparison.settlement(hooks, attachments)
            let known = Set(image.fields.map(\.id))
            let claimed = settlement.fields.filter { change in
                // Of one that is new, it goes without saying.
                future.field(named: change.definition.name).map { known.contains($0.id) } ?? false
            }
            return HostPlan(
                registry: path, settings: try settings(declaration.registry, image),
                fields: declaration.changes(fields, upkeep, of: image) + claimed,
                programs: hooks.changes + undeclared + settlement.programs,
                absences: (absences + hooks.absences + (try idleHardwareFields(declaration, store))).withoutRepetition,
                renewed: future == image ? 0 : try followers(store, of: future))
        }
    }

    private func settings(
        _ declared: RegistryDeclaration, _ image: RegistryImage
    ) throws(PacketMetadataError) -> [SettingChange] {
        var changes: [SettingChange] = []
        if let capacity = declared.capacity, capacity != image.word.capacity {
            changes.append(.capacity(from: image.word.capacity, to: capacity))
        }
        if let statistics = declared.statistics, statistics != image.statistics {
            changes.append(.statistics(from: image.statistics, to: statistics))
        }
        guard let access = declared.access else { return changes }
        do throws(Errno) {
            if try !pins.has(access) { changes.append(.access(access)) }
        } catch {
            throw PacketMetadataError(error, doing: "ask who may read \(path)")
        }
        return changes
    }

    /// Attachments whose programs are loaded anew for a registry that has changed.
    private func followers(_ store: AttachmentStore, of image: RegistryImage) throws(PacketMetadataError) -> Int {
        let (programs, seal) = (CommandPrograms(), try seal())
        var count = 0
        for attachment in try store.attachments() where try attachment.needsRenewal(for: image, seal, programs) {
            count += 1
        }
        return count
    }

    /// An attachment at a hook of which nothing is declared any more.
    struct Undeclared {
        let attachment: Attachment
        let place: AttachmentPlace
        /// Of the programs of those who declare.
        let changes: [ProgramChange]

        /// Whether all of its programs are theirs.
        var isWhole: Bool { attachment.members.count == changes.count }
    }

    /// Programs of those who declare, at hooks of which nobody declares anything.
    ///
    /// - Parameter attachments: those whose hook is there.
    func undeclared(
        _ attachments: [Attachment], _ upkeep: Upkeep, beside points: Set<HookPoint>
    ) throws(PacketMetadataError) -> [Undeclared] {
        let attachments = attachments.filter { attachment in
            !points.contains(attachment.point) && attachment.members.contains { upkeep.owns($0.record) }
        }
        return zip(attachments, AttachmentPlace.all(attachments)).map { attachment, place in
            let records = attachment.members.map(\.record).filter { upkeep.owns($0) }
            let kind = upkeep.prunes ? ProgramChange.Kind.detach : .undeclared
            return Undeclared(
                attachment: attachment, place: place,
                changes: records.map {
                    ProgramChange(
                        $0, kind, at: place.named, owner: upkeep.declarers($0).joined(separator: ", "))
                })
        }
    }

    /// Whether an attachment's hook is there. Of a namespace that nobody is in any more, nobody declares anything: what is attached there
    /// goes where something goes, and is no difference.
    func isThere(_ attachment: Attachment, _ upkeep: Upkeep, beside points: Set<HookPoint>) -> Bool {
        if points.contains(attachment.point) { return true }
        return switch try? attachment.anchor.state() {
        case .gone: false
        case .deserted: upkeep.prunes
        default: true
        }
    }

    /// Fields that drivers are declared to fill, at interfaces whose driver is not asked.
    func idleHardwareFields(
        _ declaration: HostDeclaration, _ store: AttachmentStore
    ) throws(PacketMetadataError) -> [Absence] {
        if !declaration.fields.contains(where: \.requiresHardware) { return [] }
        return declaration.hardwareAbsences(try interfacesWithoutHardwareFields())
    }
}
