// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
public import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// Writes a declaration as a document that reads back to the same, places apart, and interfaces before cgroups before
/// netfilter.
///
/// A document has one owner, who is the first of the declaration; ``apart(_:)`` gives one for each.
public struct DeclarationWriter {
    private let declaration: HostDeclaration

    public init(_ declaration: HostDeclaration) { self.declaration = declaration }

    /// What each owner declares. The registry and where fields are to lie, which are nobody's, come with the first.
    public static func apart(_ declaration: HostDeclaration) -> [HostDeclaration] {
        declaration.owners.enumerated().map { index, owner in
            HostDeclaration(
                registry: index == 0 ? declaration.registry : RegistryDeclaration(), owners: [owner],
                fields: declaration.fields.filter { $0.owners.contains(owner) },
                attachments: declaration.attachments.filter { $0.owner == owner },
                layout: index == 0 ? declaration.layout : [])
        }
    }

    /// In YAML, for people.
    public var yaml: String { OutputNode.yaml(members, indent: "") }
    /// In JSON, for programs.
    public var json: String { OutputNode.mapping(members).json() + "\n" }

    private var members: [(key: String, value: OutputNode)] {
        var root = OutputMembers<RootKey>()
        root[.owner] = .text(declaration.owners.first ?? "")
        root[.registry] = registry
        root[.fields] = Self.table(declaration.fields.map { ($0.definition.name.text, Self.field($0)) })
        root[.interfaces] = Self.list(declaration.attachments.compactMap(Self.interface))
        root[.cgroups] = Self.list(declaration.attachments.compactMap(Self.cgroup))
        root[.netfilter] = Self.list(NetfilterEntry.all(declaration.attachments).compactMap(\.node))
        root[.layout] = Self.table(declaration.layout.map { ($0.name.text, Self.placed($0)) })
        guard case .mapping(let members) = root.node else { return [] }
        return members
    }

    private static func table(_ members: [(key: String, value: OutputNode)]) -> OutputNode? {
        members.isEmpty ? nil : .mapping(members)
    }

    private static func list(_ nodes: [OutputNode]) -> OutputNode? { nodes.isEmpty ? nil : .list(nodes) }

    private var registry: OutputNode? {
        var members = OutputMembers<RegistryKey>()
        members[.path] = declaration.registry.path.map { .text($0.string) }
        members[.capacity] = declaration.registry.capacity.map { .number($0) }
        members[.statistics] = declaration.registry.statistics.map { .text($0.rawValue) }
        if let access = declaration.registry.access {
            let digits = String(access.bits, radix: 8)
            members[.modeBits] = .text(String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits)
            members[.group] = access.group.map { .text(GroupLookup.name(of: $0) ?? String($0)) }
        }
        return members.nodeUnlessEmpty
    }

    private static func field(_ field: FieldDeclaration) -> OutputNode {
        let definition = field.definition
        var members = OutputMembers<FieldKey>()
        members[.type] = .text(definition.type.description)
        if definition.source != .none { members[.source] = .text(definition.source.description(type: definition.type)) }
        if definition.sample != 1 { members[.sample] = .number(definition.sample) }
        if definition.sink != .none { members[.sink] = .text(definition.sink.description) }
        if definition.isPrivate { members[.isPrivate] = .flag(true) }
        if !definition.isForSockets { members[.sockets] = .flag(false) }
        if field.requiresHardware { members[.hardware] = .text(HardwareWord.required.rawValue) }
        return members.node
    }

    private static func placed(_ field: PlacedField) -> OutputNode {
        var members = OutputMembers<LayoutKey>()
        members[.id] = .text(field.id.description)
        members[.offset] = .number(field.offset)
        return members.node
    }

    // MARK: Attachments

    /// nil of something else, and of one that says nothing.
    private static func interface(_ attachment: AttachmentDeclaration) -> OutputNode? {
        guard case .interfaces(let name, let netns) = attachment.target, !attachment.programs.isEmpty else {
            return nil
        }
        var members = OutputMembers<InterfaceKey>()
        members[.name] = .text(name)
        members[.netns] = netns.map { .text($0) }
        members[.mode] = attachment.modes[.xdp].map { .text($0.rawValue) }
        members[.tcMode] = (attachment.modes[.tcIngress] ?? attachment.modes[.tcEgress]).map { .text($0.rawValue) }
        members[.xdp] = attachment.programs[.xdp].map(programs)
        members[.tc] = attachment.programs[.tcIngress].map(programs)
        members[.tcEgress] = attachment.programs[.tcEgress].map(programs)
        members[.tcOrder] = attachment.placement.map(order)
        return members.node
    }

    private static func cgroup(_ attachment: AttachmentDeclaration) -> OutputNode? {
        var members = OutputMembers<CgroupKey>()
        switch attachment.target {
        case .cgroup(let path): members[.path] = .text(path.string)
        case .unit(let name): members[.unit] = .text(name)
        case .interfaces, .netfilter: return nil
        }
        if attachment.programs.isEmpty { return nil }
        members[.ingress] = attachment.programs[.cgroupIngress].map(programs)
        members[.egress] = attachment.programs[.cgroupEgress].map(programs)
        if case .sockets(let ways)? = attachment.programs[.socketGet]?.first {
            members[.sockets] = ways == .all ? .text(SocketWays.allWord) : .list(ways.names.map { .text($0) })
        }
        return members.node
    }

    fileprivate static func programs(_ choices: [ProgramChoice]) -> OutputNode { .texts(choices.compactMap(\.text)) }

    private static func order(_ placement: Placement) -> OutputNode {
        var members = OutputMembers<OrderKey>()
        switch placement {
        case .first: return .text(OrderWord.first.rawValue)
        case .last: return .text(OrderWord.last.rawValue)
        case .before(let program): members[.before] = .text(program)
        case .after(let program): members[.after] = .text(program)
        }
        return members.node
    }
}

/// What is attached to hooks of one or both families.
private struct NetfilterEntry {
    let hook: NetfilterHook
    let netns: String?
    let attachment: AttachmentDeclaration
    var families: NetfilterFamilies

    static func all(_ attachments: [AttachmentDeclaration]) -> [NetfilterEntry] {
        var entries: [NetfilterEntry] = []
        for attachment in attachments {
            guard case .netfilter(let hook, let netns) = attachment.target else { continue }
            let families: NetfilterFamilies = hook.family == .ipv4 ? .ipv4 : .ipv6
            let entry = NetfilterEntry(hook: hook, netns: netns, attachment: attachment, families: families)
            if let last = entries.last, last.isPair(with: entry) {
                entries[entries.count - 1].families = .inet
            } else {
                entries.append(entry)
            }
        }
        return entries
    }

    /// Whether the two are what one entry of both families says.
    private func isPair(with next: NetfilterEntry) -> Bool {
        (families, next.families) == (.ipv4, .ipv6)
            && (hook.stage, hook.priority, netns) == (next.hook.stage, next.hook.priority, next.netns)
            && attachment.programs == next.attachment.programs && attachment.modes == next.attachment.modes
    }

    var node: OutputNode? {
        guard let programs = attachment.programs[.netfilter] else { return nil }
        var members = OutputMembers<NetfilterKey>()
        if families != .inet { members[.family] = .text(families.rawValue) }
        members[.hook] = .text(hook.stage.rawValue)
        if hook.priority != NetfilterPriority.usual.number { members[.priority] = .number(Int(hook.priority)) }
        members[.netns] = netns.map { .text($0) }
        if attachment.modes[.netfilter] == .defragmenting { members[.defragment] = .flag(true) }
        members[.program] = DeclarationWriter.programs(programs)
        return members.node
    }
}
