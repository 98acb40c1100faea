// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// A host compared with its declaration. Loads nothing, and changes nothing.
struct HostComparison {
    let declaration: HostDeclaration
    /// What may go, and who declares what.
    let upkeep: Upkeep
    /// Whether what a hook refuses is told, and no error.
    var tells = false
    /// The registry as it will be, once its fields are as declared.
    let image: RegistryImage
    /// What this registry has attached to a hook.
    let existing: (Attacher, Hook) throws(PacketMetadataError) -> [Attachment]

    /// What hooks are to have, and how that differs from what they have.
    struct Hooks {
        var changes: [ProgramChange] = []
        var absences: [Absence] = []
        /// Those that are declared and there.
        var points: Set<HookPoint> = []
        /// Who declares programs that are attached.
        var declarers: [Claims.Subject: [String]] = [:]
        /// The network namespaces in which there is something to do, as they are declared.
        var namespaces: [String?] = []
    }

    func hooks(_ programs: CommandPrograms) throws(PacketMetadataError) -> Hooks {
        var hooks = Hooks()
        for netns in declaration.namespaces {
            try declaration.inNamespace(netns, programs) { (demands) throws(PacketMetadataError) in
                hooks.absences += demands.absences
                let before = hooks.changes.count
                for demand in demands.demands {
                    hooks.points.insert(demand.point)
                    do throws(PacketMetadataError) {
                        hooks.add(try changes(of: demand))
                    } catch {
                        guard tells, error.kind.isOfWhatIsAsked else { throw demand.placed(error) }
                        hooks.absences.append(Absence(kind: .refused(error), place: demand.places.first))
                    }
                }
                if hooks.changes[before...].contains(where: { $0.kind != .undeclared }) {
                    hooks.namespaces.append(netns)
                }
            } orAbsent: {
                hooks.absences += $0
            }
        }
        return hooks
    }

    private func changes(of demand: HookDemand) throws(PacketMetadataError) -> ProgramChanges.Told {
        let (attacher, hook) = (demand.attacher, demand.hook)
        return try doing(attacher.action) { () throws(PacketMetadataError) in
            let existing = try existing(attacher, hook)
            let demand = demand.joined(existing.flatMap(\.members).map(\.record), upkeep)
            let request = demand.request(upkeep)
            guard let plan = try attacher.plan(hook, request, image, existing) else { return ProgramChanges.Told() }
            if plan.attachesAnew { try attacher.target.attaching(hook).refuseIfTaken() }
            let specs = try attacher.specs(demand.programs.map(\.choice), hook, image, request.owners(hook))
            let changes = ProgramChanges(demand, specs, upkeep)
            return ProgramChanges.Told(
                changes: plan.steps.flatMap { changes.told($0, existing) }
                    + (upkeep.prunes ? [] : changes.undeclared(existing)),
                declarers: changes.declarers(existing))
        }
    }
}

extension PacketMetadataError.Kind {
    /// Whether it may be different once something else is declared, or is there.
    fileprivate var isOfWhatIsAsked: Bool {
        switch self {
        case .taken, .unsupported, .notFound, .badData, .usage: true
        case .busy, .missingPrivilege, .incompatibleABI, .unfinished, .output, .system, .interrupted: false
        }
    }
}

extension HostComparison.Hooks {
    fileprivate mutating func add(_ told: ProgramChanges.Told) {
        changes += told.changes
        declarers.merge(told.declarers) { first, _ in first }
    }
}

extension HostDeclaration {
    /// The network namespaces that something is declared of, this thread's first.
    var namespaces: [String?] {
        var names: [String?] = []
        for declaration in attachments where !names.contains(declaration.netns) { names.append(declaration.netns) }
        return names.filter { $0 == nil } + names.filter { $0 != nil }
    }

    /// Does something in a network namespace with the hooks that are declared of it.
    ///
    /// - Parameters:
    ///   - netns: as it is declared.
    ///   - body: does it.
    ///   - absent: told what is declared of a namespace that is not there.
    func inNamespace(
        _ netns: String?, _ programs: CommandPrograms, _ body: (HookDemands) throws(PacketMetadataError) -> Void,
        orAbsent absent: ([Absence]) -> Void
    ) throws(PacketMetadataError) {
        let declared = attachments.filter { $0.netns == netns }
        do throws(PacketMetadataError) {
            try NetworkNamespace.run(in: netns) { () throws(PacketMetadataError) in
                try body(HookDemands(declared, netns: netns, programs))
            }
        } catch {
            guard let netns, case .noSuchNamespace? = error.refusal as? NamespaceRefusal else { throw error }
            absent(declared.map { Absence(kind: .namespace(netns), place: $0.place) })
        }
    }
}

extension AttachmentDeclaration {
    /// nil for this thread's.
    var netns: String? {
        switch target {
        case .interfaces(_, let netns), .netfilter(_, let netns): netns
        case .cgroup, .unit: nil
        }
    }
}

/// What steps of a hook's plan do to programs.
private struct ProgramChanges {
    let demand: HookDemand
    /// Of the programs that are declared, in their order.
    let specs: [ProgramSpec]

    let upkeep: Upkeep

    init(_ demand: HookDemand, _ specs: [ProgramSpec], _ upkeep: Upkeep) {
        (self.demand, self.specs, self.upkeep) = (demand, specs, upkeep)
    }

    /// Of one hook.
    struct Told {
        var changes: [ProgramChange] = []
        var declarers: [Claims.Subject: [String]] = [:]
    }

    func told(_ step: HookPlan.Step, _ existing: [Attachment]) -> [ProgramChange] {
        switch step {
        case .leave, .remove(_, hasMoved: true): []
        case .attach(let new): new.specs.compactMap { change($0, new.outcome) }
        case .remove(let index, hasMoved: false):
            existing[index].members.map { gone($0.record, .detach) }
        case .swap(let index, let slots, let gone):
            slots.compactMap { slot in
                switch slot {
                case .kept(let member, .moved):
                    ProgramChange(existing[index].members[member].record, .move, at: site)
                case .kept: nil
                case .new(let spec, let outcome): change(spec, outcome)
                }
            } + gone.map { self.gone(existing[index].members[$0].record, .detach) }
        }
    }

    /// Programs that stay although nobody declares them.
    func undeclared(_ existing: [Attachment]) -> [ProgramChange] {
        let declared = Set(specs.map(\.identity))
        return existing.flatMap(\.members).map(\.record)
            .filter { upkeep.owns($0) && !declared.contains($0.identity) }
            .map { gone($0, .undeclared) }
    }

    private func gone(_ record: AttachmentRecord, _ kind: ProgramChange.Kind) -> ProgramChange {
        ProgramChange(record, kind, at: site, owner: upkeep.declarers(record).joined(separator: ", "))
    }

    /// Who declares each program that is attached and declared.
    func declarers(_ existing: [Attachment]) -> [Claims.Subject: [String]] {
        let owners = Dictionary(zip(specs.map(\.identity), demand.programs.map(\.owners))) { $0 + $1 }
        let records = existing.flatMap(\.members).map(\.record)
        return Dictionary(records.compactMap { record in owners[record.identity].map { (record.subject, $0) } }) {
            first, _ in first
        }
    }

    private var site: HookPlace { demand.attacher.target.place }

    private func change(_ spec: ProgramSpec, _ outcome: AttachmentReport.Outcome) -> ProgramChange? {
        let kind: ProgramChange.Kind
        switch outcome {
        case .attached: kind = .attach
        case .replaced: kind = .replace
        case .moved: kind = .move
        case .unchanged, .detached: return nil
        }
        let index = specs.firstIndex { $0.identity == spec.identity }
        return ProgramChange(
            kind: kind, site: site, hook: spec.hook, program: spec.name, object: spec.object.name, owner: spec.owner,
            place: index.flatMap(demand.place(ofProgram:)))
    }
}

extension ProgramChange {
    /// Of a program that is attached and not declared so.
    ///
    /// - Parameter owner: whom it is about; nil for whom the record names.
    init(_ record: AttachmentRecord, _ kind: Kind, at site: HookPlace, owner: String? = nil) {
        self.init(
            kind: kind, site: site, hook: record.hook, program: record.program, object: record.object.name,
            owner: owner ?? record.owner, place: nil)
    }
}
