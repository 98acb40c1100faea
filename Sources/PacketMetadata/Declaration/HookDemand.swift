// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// A hook that is there, and the programs that it is to have by all declarations that mean it.
struct HookDemand {
    let attacher: Attacher
    let hook: Hook
    private(set) var programs: [DeclaredProgram] = []
    private(set) var mode: AttachmentMode?
    private(set) var placement: Placement?
    private(set) var places: [DocumentPlace] = []
    /// Of each program.
    private(set) var programPlaces: [DocumentPlace] = []

    init(_ attacher: Attacher, _ hook: Hook) { (self.attacher, self.hook) = (attacher, hook) }

    var point: HookPoint { attacher.target.point(hook) }

    /// Adds what a declaration wants there; a program that several want is there once.
    ///
    /// - Throws: `taken` if another wants another mode or place.
    mutating func add(_ declaration: AttachmentDeclaration) throws(PacketMetadataError) {
        guard let choices = declaration.programs[hook] else { return }
        for choice in choices {
            if let index = programs.firstIndex(where: { $0.choice.isSameProgram(as: choice) }) {
                programs[index].choice = programs[index].choice.joined(choice)
                if !programs[index].owners.contains(declaration.owner) {
                    programs[index].owners.append(declaration.owner)
                }
                continue
            }
            programs.append(DeclaredProgram(choice: choice, owners: [declaration.owner]))
            programPlaces.append(declaration.place)
        }
        mode = try one(mode, declaration.modes[hook], declaration, "modes")
        placement = try one(placement, declaration.placement, declaration, "places")
        places.append(declaration.place)
    }

    private func one<Value: Equatable>(
        _ known: Value?, _ new: Value?, _ declaration: AttachmentDeclaration, _ what: String
    ) throws(PacketMetadataError) -> Value? {
        guard let known, let new, known != new else { return known ?? new }
        throw PacketMetadataError(
            HostRefusal.declaredTwice(
                what, at: attacher.target.place.description, hook, places + [declaration.place]))
    }

    /// The same, where what answers sockets goes on in the ways that others have declared.
    ///
    /// - Parameter records: of what is attached.
    func joined(_ records: [AttachmentRecord], _ upkeep: Upkeep) -> HookDemand {
        guard hook.isOfSockets, let record = records.first, !record.owner.isEmpty, !upkeep.owns(record) else {
            return self
        }
        var joined = self
        for index in programs.indices {
            joined.programs[index].choice = programs[index].choice.joined(.sockets(record.ways))
        }
        return joined
    }

    func request(_ upkeep: Upkeep) -> AttachmentRequest {
        AttachmentRequest(declared: programs, at: hook, mode: mode, placement, upkeep)
    }

    /// An error of the hook, which says where the hook is declared.
    func placed(_ error: PacketMetadataError) -> PacketMetadataError {
        places.first.map { error.keeping(from: .declare(at: $0.description)) } ?? error
    }

    /// Where a program is declared, by its index among those wanted.
    func place(ofProgram index: Int) -> DocumentPlace? {
        programPlaces.indices.contains(index) ? programPlaces[index] : nil
    }
}

extension ProgramChoice {
    /// Whether one attached program is both: the programs that answer sockets do so in all ways that are declared.
    fileprivate func isSameProgram(as other: ProgramChoice) -> Bool {
        if case .sockets = self, case .sockets = other { return true }
        return self == other
    }

    fileprivate func joined(_ other: ProgramChoice) -> ProgramChoice {
        guard case .sockets(let ways) = self, case .sockets(let more) = other else { return self }
        return .sockets(ways.union(more))
    }
}

/// The hooks that are there of what is declared, in one network namespace.
struct HookDemands {
    private(set) var demands: [HookDemand] = []
    private(set) var absences: [Absence] = []
    private var indices: [HookPoint: Int] = [:]
    private let programs: CommandPrograms
    /// The only interfaces that count; nil: all.
    private let interfaces: [NetworkInterface]?

    /// - Parameters:
    ///   - declarations: those of this thread's network namespace, and for this process's own, of cgroups.
    ///   - netns: the namespace as it is declared.
    ///   - interfaces: the only ones that count, of which nothing is absent; nil: all.
    init(
        _ declarations: [AttachmentDeclaration], netns: String?, _ programs: CommandPrograms,
        among interfaces: [NetworkInterface]? = nil
    ) throws(PacketMetadataError) {
        self.programs = programs
        self.interfaces = interfaces
        for declaration in declarations {
            do throws(PacketMetadataError) {
                try add(declaration, netns)
            } catch {
                throw error.keeping(from: .declare(at: declaration.place.description))
            }
        }
    }

    private mutating func add(_ declaration: AttachmentDeclaration, _ netns: String?) throws(PacketMetadataError) {
        switch declaration.target {
        case .interfaces(let pattern, _):
            let interfaces = try NetworkInterface.matching(pattern, among: interfaces)
            if self.interfaces == nil, interfaces.isEmpty, !NamePattern.isPattern(pattern) {
                absences.append(Absence(kind: .interface(pattern, netns: netns), place: declaration.place))
            }
            for interface in interfaces {
                try add(declaration) { () throws(PacketMetadataError) in try HookInterface(interface, netns: netns) }
            }
        case .netfilter(let hook, _):
            try add(declaration) { () throws(PacketMetadataError) in try NetfilterTarget(hook, netns: netns) }
        case .cgroup(let path): try add(declaration, cgroup: path, orAbsent: .cgroup(path))
        case .unit(let name):
            do throws(PacketMetadataError) {
                try add(declaration, cgroup: CgroupOfUnit.path(of: name), orAbsent: .unit(name))
            } catch {
                guard error.kind == .notFound else { throw error }
                absences.append(Absence(kind: .unit(name), place: declaration.place))
            }
        }
    }

    private mutating func add(
        _ declaration: AttachmentDeclaration, cgroup path: FilePath, orAbsent absence: Absence.Kind
    ) throws(PacketMetadataError) {
        do throws(PacketMetadataError) {
            try add(declaration) { () throws(PacketMetadataError) in
                try CgroupTarget(path, takesRoot: false, for: Array(declaration.programs.keys))
            }
        } catch {
            guard error.kind == .notFound else { throw error }
            absences.append(Absence(kind: absence, place: declaration.place))
        }
    }

    private mutating func add(
        _ declaration: AttachmentDeclaration,
        _ target: () throws(PacketMetadataError) -> any AttachmentTarget
    ) throws(PacketMetadataError) {
        let target = try target()
        for hook in Hook.allCases where declaration.programs[hook] != nil {
            let attacher = Attacher(target, programs: programs, action: .attach(to: [target.place.description]))
            let index = indices[target.point(hook)] ?? demands.count
            if index == demands.count {
                demands.append(HookDemand(attacher, hook))
                indices[target.point(hook)] = index
            }
            try demands[index].add(declaration)
        }
    }
}

extension NetworkInterface {
    /// The interface of that name or alternative name, or those whose names fit a pattern, but for the loopback; none if there
    /// is none.
    ///
    /// - Parameter interfaces: the only ones that count; nil: all of this thread's network namespace.
    static func matching(
        _ pattern: String, among interfaces: [NetworkInterface]? = nil
    ) throws(PacketMetadataError) -> [NetworkInterface] {
        do throws(Errno) {
            guard NamePattern.isPattern(pattern) else {
                do throws(Errno) {
                    let named = try NetworkInterface(named: pattern)
                    return interfaces.map { $0.filter { $0.index == named.index } } ?? [named]
                } catch {
                    if error == .operationNotSupportedByDevice { return [] }
                    throw error
                }
            }
            var found: [NetworkInterface] = []
            let candidates = if let interfaces { interfaces } else { try all() }
            for interface in candidates where NamePattern.matches(interface.name, pattern) {
                do throws(Errno) {
                    if try !interface.state().isLoopback { found.append(interface) }
                } catch {
                    // It has gone meanwhile.
                    guard error == .operationNotSupportedByDevice else { throw error }
                }
            }
            return found
        } catch {
            throw PacketMetadataError(error, doing: "look for the interfaces \(pattern)")
        }
    }
}
