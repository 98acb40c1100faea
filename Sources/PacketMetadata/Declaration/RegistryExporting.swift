// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
public import RegistryModel
internal import SystemPackage

/// What a host has, written down as it could have been declared.
public struct ExportedHost: Sendable, Hashable {
    public let declaration: HostDeclaration
    /// What the registry has and cannot be declared.
    public let omissions: [Omission]

    public enum Omission: Sendable, Hashable {
        /// In a network namespace without a name.
        case unnamedNamespace(program: String, HookPlace)
        /// Of its object's path, an attachment keeps so many bytes from the end.
        case cutPath(program: String, HookPlace, object: String)
        /// What it was attached to is gone.
        case gone(program: String, HookPlace)
        /// The network of a container has declared it, and does so again for each container that comes.
        case ofContainer(program: String, HookPlace)
        /// A steering, by its name.
        case steering(String)
    }
}

extension Registry {
    /// What this registry has, as it could have been declared: made so on another host, that has the same.
    ///
    /// - Parameters:
    ///   - owner: whose are to be the fields and programs that nobody has declared.
    ///   - hasLayout: whether places and ids of fields are written down too.
    public func export(
        ownedBy owner: String, withLayout hasLayout: Bool
    ) throws(PacketMetadataError) -> ExportedHost {
        try doing(.exportDeclaration(path)) { () throws(PacketMetadataError) in
            let image = try image()
            let nowhere = DocumentPlace(file: path.string, line: 1, column: 1)
            // Who may only read the registry sees the first owners.
            let claims = (try? pins.readClaims()) ?? Claims()
            var fields: [FieldDeclaration] = []
            for field in image.fields {
                let declarers = claims.declarers(of: Claims.Subject(field), recordedAs: field.definition.owner)
                fields.append(
                    FieldDeclaration(
                        try field.definition.owned(by: declarers.first ?? owner),
                        alsoDeclaredBy: Array(declarers.dropFirst()), at: nowhere))
            }
            let (attachments, omissions) = try exportedAttachments(owner, nowhere)
            let names = fields.flatMap(\.owners) + attachments.map(\.owner)
            let owners = names.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
            return ExportedHost(
                declaration: HostDeclaration(
                    registry: RegistryDeclaration(
                        path: path == Self.defaultPath ? nil : path, capacity: image.word.capacity,
                        statistics: image.statistics == .sampled ? nil : image.statistics, access: try exportedAccess()),
                    owners: owners.isEmpty ? [owner] : owners, fields: fields, attachments: attachments,
                    layout: hasLayout
                        ? image.fields.map { PlacedField($0.name, id: $0.id, offset: $0.layout.offset) } : []),
                omissions: omissions + (try exportedSteerings()))
        }
    }

    private func exportedAttachments(
        _ owner: String, _ nowhere: DocumentPlace
    ) throws(PacketMetadataError) -> ([AttachmentDeclaration], [ExportedHost.Omission]) {
        var entries: [ExportedEntry] = []
        var omissions: [ExportedHost.Omission] = []
        for hook in try status() {
            for case .ours(let program) in hook.entries {
                let declarers = program.declaredBy.filter { $0 != ContainerDeclaration.owner }
                if declarers.isEmpty, !program.declaredBy.isEmpty {
                    omissions.append(.ofContainer(program: program.program, hook.place))
                    continue
                }
                let target: AttachmentDeclaration.Target
                switch ExportedEntry.target(program, hook) {
                case .target(let found): target = found
                case .omitted(let omission):
                    omissions.append(omission)
                    continue
                }
                for declarer in declarers.isEmpty ? [owner] : declarers {
                    let key = ExportedEntry.Key(target: target, owner: declarer)
                    let index = entries.firstIndex { $0.key == key } ?? entries.count
                    if index == entries.count { entries.append(ExportedEntry(key: key)) }
                    entries[index].add(program, hook.hook)
                }
            }
        }
        return (entries.map { $0.declaration(at: nowhere) }, omissions)
    }

    private func exportedSteerings() throws(PacketMetadataError) -> [ExportedHost.Omission] {
        try SteeringStore(pins).survey().sound.map(\.name.text).sorted().map { .steering($0) }
    }

    /// nil for that of a new registry.
    private func exportedAccess() throws(PacketMetadataError) -> PinAccess? {
        do throws(Errno) {
            let access = try PinAccess(of: pins.registry)
            return access.isOwnersAlone ? nil : access
        } catch {
            throw PacketMetadataError(error, doing: "look at \(pins.registry)")
        }
    }
}

extension FieldDefinition {
    /// The same, of that owner.
    fileprivate func owned(by owner: String) throws(PacketMetadataError) -> FieldDefinition {
        if self.owner == owner { return self }
        return try FieldDefinition(
            name: name, type: type, source: source, sink: sink, sample: sample, owner: owner, isPrivate: isPrivate,
            isForSockets: isForSockets)
    }
}

/// Programs that one entry of a document declares.
private struct ExportedEntry {
    struct Key: Hashable {
        let target: AttachmentDeclaration.Target
        let owner: String
    }

    enum Found {
        case target(AttachmentDeclaration.Target)
        case omitted(ExportedHost.Omission)
    }

    let key: Key
    private var programs: [Hook: [ProgramChoice]] = [:]
    private var modes: [Hook: AttachmentMode] = [:]

    init(key: Key) { self.key = key }

    static func target(_ program: ProgramStatus, _ hook: HookStatus) -> Found {
        if program.state == .gone { return .omitted(.gone(program: program.program, hook.place)) }
        if !program.isPrebuilt, !program.object.hasPrefix("/") {
            return .omitted(.cutPath(program: program.program, hook.place, object: program.object))
        }
        let netns: String?
        switch hook.place.namespace {
        case .here, nil: netns = nil
        case .named(let name): netns = name
        case .cookie: return .omitted(.unnamedNamespace(program: program.program, hook.place))
        }
        return switch hook.place {
        case .interface(let name, _): .target(.interfaces(name, netns: netns))
        case .netfilter(let hook, _): .target(.netfilter(hook, netns: netns))
        case .cgroup(let path): .target(.cgroup(path))
        }
    }

    /// The mode is written down where another would have been taken by itself.
    mutating func add(_ program: ProgramStatus, _ hook: Hook) {
        programs[hook, default: []].append(ProgramChoice(program, hook))
        if program.mode != hook.modes[0] { modes[hook] = program.mode }
    }

    func declaration(at place: DocumentPlace) -> AttachmentDeclaration {
        AttachmentDeclaration(key.target, programs: programs, modes: modes, owner: key.owner, at: place)
    }
}

extension ProgramChoice {
    /// What was chosen to have that program attached.
    fileprivate init(_ program: ProgramStatus, _ hook: Hook) {
        if hook.isOfSockets {
            self = .sockets(program.ways)
        } else if program.object == ObjectFile.scrub.name {
            self = .scrub
        } else if program.isPrebuilt {
            self = .prebuilt
        } else {
            self = .object(FilePath(program.object), program: program.program)
        }
    }
}
