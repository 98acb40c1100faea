// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
public import SystemPackage

extension HostDeclaration {
    /// Makes this host as it is declared.
    ///
    /// What is as declared is not touched. Whatever can be checked and loaded is, before the first step: fields go, then come
    /// settings of the registry, fields and programs. Each step is done or not done; what stands is told with an error, and the next call goes on.
    ///
    /// - Parameters:
    ///   - path: the registry's folder of pins, which is made if it is not there.
    ///   - limits: what may go.
    ///   - trustsOwner: as for ``Registry/open(at:for:trustsOwner:waiting:recording:)``.
    ///   - waiting: how to wait for processes that change the registry.
    ///   - recording: told each change that is made.
    ///   - note: told what was done that the user may want to know.
    /// - Returns: what was done, and what it was done with.
    /// - Throws: as ``plan(at:_:trustsOwner:waiting:)``; `unfinished` if some of it was done; `unsupported` if a driver does not
    ///   fill a field that it is required to, once all else is done.
    public func apply(
        at path: FilePath, _ limits: DeclarationLimits = DeclarationLimits(), trustsOwner: Bool = false,
        waiting: LockWait = LockWait(), recording: @escaping @Sendable (RegistryChange) -> Void = { _ in },
        note: (String) -> Void = { _ in }
    ) throws(PacketMetadataError) -> (plan: HostPlan, reports: [AttachmentReport]) {
        try doing(.applyDeclaration(path)) { () throws(PacketMetadataError) in
            if let registry = try registry(at: path, trustsOwner, waiting, recording) {
                return try apply(to: registry, limits, note)
            }
            let fresh = try doing(.planHost(path)) { () throws(PacketMetadataError) in try freshPlan(path, limits) }
            try trySockets(fresh, at: path, note)
            let registry = try Registry.openOrCreate(
                at: path, capacity: self.registry.capacity, statistics: self.registry.statistics,
                access: self.registry.access, trustsOwner: trustsOwner, waiting: waiting, recording: recording,
                note: note)
            let isOwn = registry.made != nil
            return try registry.orTakenBack(note: note) { () throws(PacketMetadataError) in
                let (plan, reports) = try apply(to: registry, limits, note)
                // What somebody else was faster with was not done.
                return (isOwn ? plan.with(fresh.settings) : plan, reports)
            }
        }
    }

    /// Under one lock, so that what was decided is what is done.
    private func apply(
        to registry: borrowing Registry, _ limits: DeclarationLimits, _ note: (String) -> Void
    ) throws(PacketMetadataError) -> (plan: HostPlan, reports: [AttachmentReport]) {
        let done = try registry.lockedThroughout { (registry) throws(PacketMetadataError) in
            try plannedAndDone(in: registry, limits, attempts: Self.mostAttempts, note)
        }
        let idle = try registry.idleHardwareFields(self, AttachmentStore(registry.pins))
        if !idle.isEmpty { throw PacketMetadataError(HostRefusal.hardwareMissing(idle)) }
        return done
    }

    /// So often interfaces may go while programs are attached to them.
    private static var mostAttempts: Int { 5 }

    private func plannedAndDone(
        in registry: borrowing Registry, _ limits: DeclarationLimits, attempts: Int, _ note: (String) -> Void
    ) throws(PacketMetadataError) -> (plan: HostPlan, reports: [AttachmentReport]) {
        let path = registry.path
        let plan = try doing(.planHost(path)) { () throws(PacketMetadataError) in
            try registry.plan(self, limits, finishing: true)
        }
        if plan.isEmpty { return (plan, []) }
        try trySockets(plan, at: path, note)
        let before = try interfaces()
        do throws(PacketMetadataError) {
            return (plan, try registry.apply(self, plan, limits))
        } catch {
            // What the kernel says of an interface that is gone is anything. What is left is all the more to be had.
            guard attempts > 1, error.kind != .unfinished, try !before.isSubset(of: interfaces()) else { throw error }
            return try plannedAndDone(in: registry, limits, attempts: attempts - 1, note)
        }
    }

    /// Those of which something is declared.
    private func interfaces() throws(PacketMetadataError) -> Set<HookSite> {
        var sites: Set<HookSite> = []
        for netns in namespaces {
            try inNamespace(netns, CommandPrograms()) { (demands) throws(PacketMetadataError) in
                for demand in demands.demands { sites.insert(demand.point.site) }
            } orAbsent: { _ in
            }
        }
        return sites
    }

    /// Fields that are to be filled by the drivers of interfaces that do not.
    func hardwareAbsences(_ interfaces: [String]) -> [Absence] {
        fields.filter(\.requiresHardware).flatMap { field in
            interfaces.map { Absence(kind: .hardware(field.definition.name, interface: $0), place: field.place) }
        }
    }

    /// Tries the programs that answer sockets, if some are to be attached.
    private func trySockets(
        _ plan: HostPlan, at path: FilePath, _ note: (String) -> Void
    ) throws(PacketMetadataError) {
        guard let change = plan.programs.first(where: { $0.isOfSockets }), let cgroup = change.site.cgroup else {
            return
        }
        let ways = attachments.flatMap { $0.programs.values.joined() }.reduce(into: SocketWays()) { ways, choice in
            if case .sockets(let more) = choice { ways.formUnion(more) }
        }
        if case .notTried(let obstacle) = try SocketTrial(ways, registry: path, cgroup: cgroup).run() {
            note("the programs that answer sockets were not tried before they were attached: \(obstacle)")
        }
    }
}

extension ProgramChange {
    fileprivate var isOfSockets: Bool { hook.isOfSockets && (kind == .attach || kind == .replace) }
}

extension Registry {
    fileprivate func apply(
        _ declaration: HostDeclaration, _ plan: HostPlan, _ limits: DeclarationLimits
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        try rehearse(declaration, limits)
        var done = HostSteps()
        do throws(PacketMetadataError) {
            let leaving = Set(plan.programs.filter { $0.kind == .detach }.map(\.use))
            let wish = declaration.wish(limits, try upkeep(of: declaration, limits))
            done.fields.removed = try removeFields(for: wish) { use in
                limits.replaces || leaving.contains(ProgramChange.Use(use))
            }
            try apply(declaration.registry, &done)
            let (moved, registered) = try registerFields(for: wish, after: done.fields.removed.map(\.name))
            done.fields.moved += moved
            done.fields.registered = registered
            for netns in try namespaces(declaration, limits) {
                try declaration.inNamespace(netns, CommandPrograms()) { (demands) throws(PacketMetadataError) in
                    done.reports += try attach(demands.demands, declaration, limits)
                } orAbsent: { _ in
                }
            }
            if limits.prunes { done.reports += try prune(declaration, limits) }
            try settle(declaration, limits)
        } catch {
            if done.isEmpty || error.kind == .unfinished { throw error }
            throw error.unfinished(.applyDeclaration(path), done.told(path))
        }
        return done.reports
    }

    private func apply(_ declared: RegistryDeclaration, _ done: inout HostSteps) throws(PacketMetadataError) {
        if let capacity = declared.capacity {
            done.fields.moved += try compact(into: capacity)
            if try resizeAreas(to: capacity) { done.settings += 1 }
        }
        if let statistics = declared.statistics, try take(statistics) { done.settings += 1 }
        guard let access = declared.access else { return }
        let isChanged = try pins.locked { () throws(PacketMetadataError) in
            let isChanged = try pins.apply(access)
            if isChanged { pins.record(.accessChanged(access)) }
            return isChanged
        }
        if isChanged { done.settings += 1 }
    }

    /// Loads all programs that hooks are to get, for the registry as it will be, and lets go of them again: what cannot be loaded
    /// shows before the first step.
    private func rehearse(
        _ declaration: HostDeclaration, _ limits: DeclarationLimits
    ) throws(PacketMetadataError) {
        let store = AttachmentStore(pins)
        try pins.locked { () throws(PacketMetadataError) in
            let image = try image()
            let upkeep = try upkeep(of: declaration, limits)
            let future = try declaration.fieldPlan(image, limits, upkeep).plan.future
            if future.word.capacity != image.word.capacity { try refuseResizing(to: future.word.capacity) }
            let index = try AttachmentIndex(store)
            let programs = CommandPrograms()
            var unasked: [String] = []
            for netns in declaration.namespaces {
                try declaration.inNamespace(netns, programs) { (demands) throws(PacketMetadataError) in
                    for demand in demands.demands {
                        let change = try change(demand, upkeep, future, index)
                        if change.isUnasked, let name = demand.attacher.target.place.interface { unasked.append(name) }
                    }
                } orAbsent: { _ in
                }
            }
            let absences = declaration.hardwareAbsences(unasked)
            if !absences.isEmpty { throw PacketMetadataError(HostRefusal.hardwareMissing(absences)) }
        }
    }

    /// The network namespaces with hooks that are not as declared, now that fields are.
    private func namespaces(
        _ declaration: HostDeclaration, _ limits: DeclarationLimits
    ) throws(PacketMetadataError) -> [String?] {
        let store = AttachmentStore(pins)
        return try pins.locked { () throws(PacketMetadataError) in
            let comparison = try comparison(with: declaration, limits, on: image(), AttachmentIndex(store))
            return try comparison.hooks(CommandPrograms()).namespaces
        }
    }

    func attach(
        _ demands: [HookDemand], _ declaration: HostDeclaration, _ limits: DeclarationLimits
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let names = demands.map(\.attacher.target.place.description)
        return try changeHooks(.attach(to: names)) { (image, index) throws(PacketMetadataError) in
            let upkeep = try upkeep(of: declaration, limits)
            var changes: [HookChange] = []
            for demand in demands { changes.append(try change(demand, upkeep, image, index)) }
            return changes
        }
    }

    /// What a hook is to become, with its programs loaded.
    private func change(
        _ demand: HookDemand, _ upkeep: Upkeep, _ image: RegistryImage, _ index: AttachmentIndex
    ) throws(PacketMetadataError) -> HookChange {
        let attacher = demand.attacher
        do throws(PacketMetadataError) {
            return try doing(attacher.action) { () throws(PacketMetadataError) in
                var demand = demand
                if demand.hook.isOfSockets {
                    let existing = try attacher.existing(demand.hook, among: index)
                    demand = demand.joined(existing.flatMap(\.members).map(\.record), upkeep)
                }
                return try attacher.change(demand.hook, demand.request(upkeep), image, index, self)
            }
        } catch {
            throw demand.placed(error)
        }
    }

    /// Detaches programs of those who declare from hooks of which nobody declares anything.
    private func prune(
        _ declaration: HostDeclaration, _ limits: DeclarationLimits
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        let store = AttachmentStore(pins)
        var chains: [Undeclared] = []
        var upkeep = Upkeep(owners: [], prunes: false)
        var reports = try pins.locked { () throws(PacketMetadataError) in
            let index = try AttachmentIndex(store)
            let comparison = try comparison(with: declaration, limits, on: image(), index)
            upkeep = comparison.upkeep
            let points = try comparison.hooks(CommandPrograms()).points
            let undo = AttachmentUndo(store)
            var reports: [AttachmentReport] = []
            let attachments = try index.all().filter { isThere($0, upkeep, beside: points) }
            for item in try undeclared(attachments, upkeep, beside: points) {
                guard item.isWhole else {
                    chains.append(item)
                    continue
                }
                let told = item.attachment.members.map { $0.record.detached(from: item.place.named) }
                undo.removeAtTheEnd(item.attachment, reporting: told)
                reports += told
            }
            try undo.commit(.detach(from: reports.map(\.place.description)))
            return reports
        }
        for chain in chains { reports += try shorten(chain, upkeep) }
        return reports
    }

    /// Takes programs of those who declare out of a chain that has others.
    private func shorten(
        _ chain: Undeclared, _ upkeep: Upkeep
    ) throws(PacketMetadataError) -> [AttachmentReport] {
        guard case .interface(let place) = chain.place else { return [] }
        let request = AttachmentRequest(declared: [], at: place.hook, mode: nil, nil, upkeep)
        let action = Action.detach(from: [place.interface])
        // Of a namespace that may not be entered, the chain stays, and the next comparison says so.
        let result = place.run { () -> Result<[AttachmentReport], PacketMetadataError> in
            do throws(PacketMetadataError) {
                let attachers = try Attacher.all([place.interface], programs: CommandPrograms()) { .detach(from: [$0]) }
                return .success(
                    try changeHooks(action) { (image, index) throws(PacketMetadataError) in
                        [try attachers[0].change(place.hook, request, image, index, self)]
                    })
            } catch {
                return .failure(error)
            }
        }
        guard let result else { return [] }
        return try result.get().filter { $0.outcome == .detached }
    }
}

extension ProgramChange {
    /// What tells a program from others of the registry.
    fileprivate struct Use: Hashable {
        let program: String
        let place: String
        let hook: Hook

        init(_ use: FieldUse) { (program, place, hook) = (use.program, use.place.description, use.hook) }

        init(program: String, place: String, hook: Hook) {
            (self.program, self.place, self.hook) = (program, place, hook)
        }
    }

    fileprivate var use: Use { Use(program: program, place: site.description, hook: hook) }
}

/// What was done of an application of a declaration.
private struct HostSteps {
    /// How many of the registry's changed.
    var settings = 0
    var fields = Registry.FieldBatch()
    var reports: [AttachmentReport] = []

    var isEmpty: Bool {
        settings == 0 && fields.removed.isEmpty && fields.moved.isEmpty && fields.registered.isEmpty
            && reports.allSatisfy { $0.outcome == .unchanged }
    }

    func told(_ path: FilePath) -> Done {
        .declaredInPart(
            settings: settings, registered: fields.registered.map(\.name), unregistered: fields.removed.map(\.name),
            programs: reports.count { $0.outcome != .unchanged }, path)
    }
}
