// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
package import RegistryModel
public import SystemPackage

/// A program to attach.
public enum ProgramChoice: Sendable, Hashable {
    /// The prebuilt one: the producer in XDP, the consumer in TC.
    case prebuilt
    /// The one that takes private fields off.
    case scrub
    /// Those that answer sockets, in these ways.
    case sockets(SocketWays)
    /// A program of an object; without a name, the only one there is for the hook.
    case object(FilePath, program: String?)
}

/// What a hook is to have.
public enum ProgramSelection: Sendable, Hashable {
    /// What it has.
    case unchanged
    /// The prebuilt program, unless a program of the user's own is attached to the hook by this registry.
    case prebuiltUnlessOwn
    /// These, in the order in which they run.
    case programs([ProgramChoice])
}

/// What becomes of programs that a registry has on a hook, as it is to have others.
public enum Standing: Sendable, Hashable {
    /// They go, or the others take their places.
    case replacing
    /// They stay.
    case joining
    /// Those that are declared run in the order of the documents, and others stay where they are, or go.
    case declared(Upkeep)
}

/// Whose programs and fields may go, since nobody declares them any more.
public struct Upkeep: Sendable, Hashable {
    /// Who declares.
    public let owners: Set<String>
    /// Whether what is theirs, and not declared, goes.
    public let prunes: Bool
    /// Who declares it beside whom records name.
    let claims: Claims

    init(owners: Set<String>, prunes: Bool, _ claims: Claims = Claims()) {
        (self.owners, self.prunes, self.claims) = (owners, prunes, claims)
    }

    /// Whether a program goes if it is not declared.
    func removes(_ record: AttachmentRecord) -> Bool { prunes && owns(record) }

    /// Whether nobody else declares a program.
    func owns(_ record: AttachmentRecord) -> Bool { owns(record.subject, recordedAs: record.owner) }

    /// Whether nobody else declares a field.
    func owns(_ field: RegisteredField) -> Bool { owns(Claims.Subject(field), recordedAs: field.definition.owner) }

    /// Who declares a field.
    func declarers(_ field: RegisteredField) -> [String] {
        claims.declarers(of: Claims.Subject(field), recordedAs: field.definition.owner)
    }

    /// Who declares a program.
    func declarers(_ record: AttachmentRecord) -> [String] {
        claims.declarers(of: record.subject, recordedAs: record.owner)
    }

    private func owns(_ subject: Claims.Subject, recordedAs owner: String) -> Bool {
        let declarers = claims.declarers(of: subject, recordedAs: owner)
        return !declarers.isEmpty && declarers.allSatisfy(owners.contains)
    }
}

/// A program that a document declares.
struct DeclaredProgram: Hashable, Sendable {
    var choice: ProgramChoice
    /// Never empty: the first is recorded.
    var owners: [String]
}

/// What to attach to hooks, and how.
public struct AttachmentRequest: Sendable, Hashable {
    /// Hooks of which nothing is said stay as they are.
    private let selections: [Hook: ProgramSelection]
    /// Of hooks of which nothing is said, the best there is.
    private let modes: [Hook: AttachmentMode]
    /// What becomes of what this registry has attached there.
    public var standing: Standing
    /// Of each hook whose programs are declared, by whom each is.
    private var owners: [Hook: [String]] = [:]
    /// Where, for hooks of an interface whose programs are named: in XDP among the programs of the chain, if it joins one; at
    /// TC among all programs of the hook.
    public var placement: Placement?
    /// Registers fields that the objects declare with their type and that are not registered; if attaching fails, they
    /// are unregistered again.
    public var registersMissing: Bool

    /// Of an interface.
    ///
    /// - Parameters:
    ///   - xdp: nil for the default: ``ProgramSelection/prebuiltUnlessOwn``, or ``ProgramSelection/unchanged`` if
    ///     programs of another hook are named, since what was named is what is attached.
    ///   - tc: likewise.
    ///   - tcEgress: nil for ``ProgramSelection/unchanged``.
    ///   - mode: of XDP programs; nil for native, or generic if the driver has no XDP.
    ///   - tcMode: of TC programs; nil for TCX, or clsact if the kernel has no TCX.
    ///   - joins: whether to attach beside what this registry has attached.
    ///   - placement: where among the hook's programs; nil for the place that is usual.
    ///   - registersMissing: whether fields that the objects declare and that are not registered are registered.
    public init(
        xdp: ProgramSelection? = nil, tc: ProgramSelection? = nil, tcEgress: ProgramSelection? = nil,
        mode: AttachmentMode? = nil, tcMode: AttachmentMode? = nil, joins: Bool = false, placement: Placement? = nil,
        registersMissing: Bool = false
    ) {
        selections = [
            .xdp: xdp ?? Self.selection(beside: [tc, tcEgress]),
            .tcIngress: tc ?? Self.selection(beside: [xdp, tcEgress]),
            .tcEgress: tcEgress ?? .unchanged,
        ]
        var modes: [Hook: AttachmentMode] = [:]
        modes[.xdp] = mode
        modes[.tcIngress] = tcMode
        modes[.tcEgress] = tcMode
        self.modes = modes
        self.standing = joins ? .joining : .replacing
        self.placement = placement
        self.registersMissing = registersMissing
    }

    /// Of something else than an interface.
    ///
    /// - Parameters:
    ///   - programs: of each hook, in the order in which they run.
    ///   - mode: nil for the usual one.
    ///   - joins: whether to attach beside what this registry has attached; at netfilter, where the kernel takes one program,
    ///     it takes another priority.
    ///   - registersMissing: as of an interface.
    public init(
        _ programs: [Hook: [ProgramChoice]], mode: AttachmentMode? = nil, joins: Bool = false,
        registersMissing: Bool = false
    ) {
        selections = programs.mapValues { .programs($0) }
        modes = mode.map { mode in programs.mapValues { _ in mode } } ?? [:]
        self.standing = joins ? .joining : .replacing
        self.registersMissing = registersMissing
    }

    /// Of one hook, as it is declared.
    init(
        declared programs: [DeclaredProgram], at hook: Hook, mode: AttachmentMode?, _ placement: Placement?,
        _ upkeep: Upkeep
    ) {
        selections = [hook: .programs(programs.map(\.choice))]
        owners = [hook: programs.map { $0.owners[0] }]
        modes = mode.map { [hook: $0] } ?? [:]
        standing = .declared(upkeep)
        self.placement = placement
        registersMissing = false
    }

    /// For a hook of which nothing is said.
    private static func selection(beside others: [ProgramSelection?]) -> ProgramSelection {
        let areNamed = others.contains { if case .programs = $0 { true } else { false } }
        return areNamed ? .unchanged : .prebuiltUnlessOwn
    }

    func selection(_ hook: Hook) -> ProgramSelection { selections[hook] ?? .unchanged }

    /// nil for the best there is.
    func mode(_ hook: Hook) -> AttachmentMode? { modes[hook] }

    /// Who declares the programs of a hook, in their order; nil if nobody does.
    func owners(_ hook: Hook) -> [String]? { owners[hook] }

    var isDeclared: Bool { if case .declared = standing { true } else { false } }

    /// Whether an attached program is a wanted one, so that it stays. One that is declared follows the registry by itself.
    func isSame(_ record: AttachmentRecord, _ spec: ProgramSpec) -> Bool {
        isDeclared ? record.isSameProgram(as: spec) : record.isProgram(of: spec)
    }

    /// Whether it joins what this registry has attached.
    var joins: Bool { standing == .joining }

    func placement(_ hook: Hook) -> Placement? {
        if case .programs = selection(hook) { placement } else { nil }
    }

    /// - Throws: `usage` for a mode that is not one of its hook's.
    func checkModes() throws(PacketMetadataError) {
        for hook in Hook.allCases {
            guard let mode = mode(hook), !hook.modes.contains(mode) else { continue }
            throw PacketMetadataError(AttachingRefusal.noSuchMode(mode, hook))
        }
    }

    /// - Throws: `usage` if a prebuilt program is to be at a hook that has none.
    func refusePrebuilt(at hook: Hook) throws(PacketMetadataError) {
        guard hook.owner != .interface, !hook.isOfSockets, case .programs(let choices) = selection(hook) else { return }
        let areObjects = choices.allSatisfy { if case .object = $0 { true } else { false } }
        if !areObjects { throw PacketMetadataError(AttachingRefusal.noPrebuilt(hook)) }
    }

    /// Whether the objects can be read, before anything is made for them.
    ///
    /// - Throws: `badData` or `missingPrivilege` if one cannot.
    package func checkObjects() throws(PacketMetadataError) {
        for path in objects { _ = try ObjectFile(path: path) }
    }

    /// The maps that the objects ask to have pinned by name, each once.
    package func namedPins() throws(PacketMetadataError) -> [NamedPin] {
        var pins: [NamedPin] = []
        for path in objects {
            // What is wrong with an object is said by who attaches it.
            guard let object = try? ObjectFile(path: path).bytes.open() else { continue }
            for name in object.mapNames {
                guard let place = object.pinPath(ofMap: name), !pins.contains(where: { $0.path.string == place })
                else { continue }
                let path = FilePath(place)
                pins.append(NamedPin(map: name, path: path, isThere: Folder.exists(path)))
            }
        }
        return pins
    }

    var objects: [FilePath] {
        Hook.allCases.flatMap { hook in
            guard case .programs(let choices) = selection(hook) else { return [FilePath]() }
            return choices.compactMap { if case .object(let path, _) = $0 { path } else { nil } }
        }
    }
}

/// A map that an object's author has pinned by its name (LIBBPF_PIN_BY_NAME): outside of any registry, for whoever loads
/// an object with a map of that name, and so nobody's to remove.
package struct NamedPin: Sendable, Equatable {
    package let map: String
    package let path: FilePath
    /// Whether a map is pinned there already, which is then used.
    package let isThere: Bool
}

extension SocketWays {
    /// What a cgroup's hooks are to have for its sockets to be answered so: where no program is needed, none any more.
    public var programs: [Hook: [ProgramChoice]] {
        Dictionary(uniqueKeysWithValues: Hook.ofSockets.map { ($0, hooks.contains($0) ? [.sockets(self)] : []) })
    }
}

extension ProgramSelection {
    /// The programs that a hook is to have; nil if it is to be left as it is.
    ///
    /// - Parameter attached: what this registry has there.
    func choices(beside attached: [AttachmentRecord]) -> [ProgramChoice]? {
        switch self {
        case .unchanged: nil
        case .prebuiltUnlessOwn: attached.contains { !$0.object.isPrebuilt } ? nil : [.prebuilt]
        case .programs(let choices): choices
        }
    }
}

extension ProgramSpec {
    init(
        _ choice: ProgramChoice, _ hook: Hook, _ image: RegistryImage
    ) throws(PacketMetadataError) {
        let object: ObjectFile
        var name: String?
        switch choice {
        case .prebuilt: object = ObjectFile(prebuiltFor: hook, image)
        case .scrub: object = .scrub
        case .sockets: object = .sockets
        case .object(let path, let program):
            object = try ObjectFile(path: path)
            name = program
        }
        let spec = try ProgramSpec(object, name, for: hook, image, isStrict: true)
        if case .sockets(let ways) = choice { self = try spec.answering(ways) } else { self = spec }
    }
}
