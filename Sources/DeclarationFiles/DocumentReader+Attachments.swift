// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import SystemPackage

extension DocumentReader {
    mutating func interface(_ node: Node, owner: String) -> AttachmentDeclaration? {
        guard let members = members(node, InterfaceKey.self) else { return nil }
        let before = faults.count
        let name = required(.name, of: members, at: node).flatMap { interfaceName($0) }
        let netns = members[.netns].flatMap { namespace($0) }
        var programs: [Hook: [ProgramChoice]] = [:]
        let keys: [(InterfaceKey, Hook)] = [(.xdp, .xdp), (.tc, .tcIngress), (.tcEgress, .tcEgress)]
        for (key, hook) in keys { programs[hook] = members[key].flatMap { self.programs($0) } }
        if !keys.contains(where: { members.has($0.0) }) {
            programs = [.xdp: [.prebuilt], .tcIngress: [.prebuilt]]
        }
        var modes: [Hook: AttachmentMode] = [:]
        if let node = members[.mode], let choice = mode(node, of: .xdp) {
            if programs[.xdp] != nil { modes[.xdp] = choice.mode }
        }
        if let node = members[.tcMode], let choice = mode(node, of: .tcIngress) {
            for hook in [Hook.tcIngress, .tcEgress] where programs[hook] != nil { modes[hook] = choice.mode }
        }
        let placement = members[.tcOrder].flatMap { self.placement($0) }
        if faults.count == before {
            let ofTC: [InterfaceKey] = [.tc, .tcEgress]
            if programs[.xdp] == nil { expectNone(.mode, without: [.xdp], in: members) }
            if programs[.tcIngress] == nil, programs[.tcEgress] == nil {
                expectNone(.tcMode, without: ofTC, in: members)
                expectNone(.tcOrder, without: ofTC, in: members)
            }
        }
        guard let name, faults.count == before else { return nil }
        return AttachmentDeclaration(
            .interfaces(name, netns: netns), programs: programs, modes: modes, placement: placement, owner: owner,
            at: node.place)
    }

    mutating func cgroup(_ node: Node, owner: String) -> AttachmentDeclaration? {
        guard let members = members(node, CgroupKey.self) else { return nil }
        let before = faults.count
        var target: AttachmentDeclaration.Target?
        switch (members[.path], members[.unit]) {
        case (let path?, nil): target = absolutePath(path).map { .cgroup($0) }
        case (nil, let unit?): target = text(unit).map { .unit($0) }
        case (let path, _):
            let keys: [CgroupKey] = [.path, .unit]
            note(.notOneOf(keys.map(\.rawValue), areThere: path != nil), at: node)
        }
        var programs: [Hook: [ProgramChoice]] = [:]
        programs[.cgroupIngress] = members[.ingress].flatMap { objects($0) }
        programs[.cgroupEgress] = members[.egress].flatMap { objects($0) }
        if let node = members[.sockets], let ways = ways(node) {
            programs.merge(ways.programs) { $1 }
        }
        let keys: [CgroupKey] = [.ingress, .egress, .sockets]
        if !keys.contains(where: members.has) { note(.noneOf(keys.map(\.rawValue)), at: node) }
        guard let target, faults.count == before else { return nil }
        return AttachmentDeclaration(target, programs: programs, owner: owner, at: node.place)
    }

    /// One of each family.
    mutating func netfilter(_ node: Node, owner: String) -> [AttachmentDeclaration] {
        guard let members = members(node, NetfilterKey.self) else { return [] }
        let before = faults.count
        let families = members[.family].flatMap { word($0, NetfilterFamilies.self) } ?? .inet
        let stage = required(.hook, of: members, at: node).flatMap { word($0, NetfilterHook.Stage.self) }
        let priority = members[.priority].flatMap { self.priority($0) } ?? .usual
        let netns = members[.netns].flatMap { namespace($0) }
        let defragments = members[.defragment].flatMap { flag($0) } ?? false
        let program = required(.program, of: members, at: node).flatMap { object($0) }
        guard let stage, let program, faults.count == before else { return [] }
        return families.families.map { family in
            AttachmentDeclaration(
                .netfilter(NetfilterHook(family, stage, priority: priority.number), netns: netns),
                programs: [.netfilter: [program]], modes: [.netfilter: defragments ? .defragmenting : .link],
                owner: owner, at: node.place)
        }
    }

    private mutating func required<Key>(_ key: Key, of members: Members<Key>, at node: Node) -> Node? {
        if let member = members[key] { return member }
        note(.missingKey(key.rawValue), at: node)
        return nil
    }

    private mutating func expectNone(
        _ key: InterfaceKey, without others: [InterfaceKey], in members: Members<InterfaceKey>
    ) {
        if let node = members[key] { note(.keyWithout(key.rawValue, of: others.map(\.rawValue)), at: node) }
    }

    // MARK: Words

    /// Or a pattern of names.
    private mutating func interfaceName(_ node: Node) -> String? {
        guard let text = text(node) else { return nil }
        if NetworkInterface.canBeNamed(text) { return text }
        note(.badInterface(text), at: node)
        return nil
    }

    private mutating func programs(_ node: Node) -> [ProgramChoice]? {
        // An option's word for no program; here, the key is left out.
        choices(node) { text, folder in text == "none" ? nil : ProgramChoice(text, in: folder) }
    }

    private mutating func objects(_ node: Node) -> [ProgramChoice]? {
        choices(node) { text, folder in ProgramChoice(object: text, in: folder) }
    }

    private mutating func object(_ node: Node) -> ProgramChoice? {
        guard let text = text(node) else { return nil }
        if let choice = ProgramChoice(object: text, in: folder) { return choice }
        note(.badProgram(text), at: node)
        return nil
    }

    private mutating func choices(
        _ node: Node, _ choice: (String, FilePath) -> ProgramChoice?
    ) -> [ProgramChoice]? {
        guard let texts = texts(node) else { return nil }
        var choices: [ProgramChoice] = []
        for text in texts {
            if let choice = choice(text.value, folder) {
                choices.append(choice)
            } else {
                faults.append(DocumentFault(at: text.place, .badProgram(text.value)))
            }
        }
        return choices
    }

    private mutating func mode(_ node: Node, of hook: Hook) -> ModeChoice? {
        guard let text = text(node) else { return nil }
        if let choice = ModeChoice(text, of: hook) { return choice }
        note(.unknownWord(text, among: ModeChoice.words(of: hook)), at: node)
        return nil
    }

    private mutating func placement(_ node: Node) -> Placement? {
        if case .mapping = node.value {
            guard let members = members(node, OrderKey.self) else { return nil }
            switch (members[.before], members[.after]) {
            case (let program?, nil): return text(program).map { .before($0) }
            case (nil, let program?): return text(program).map { .after($0) }
            case (let program, _):
                note(.notOneOf(OrderKey.names, areThere: program != nil), at: node)
                return nil
            }
        }
        return switch word(node, OrderWord.self) {
        case .first: .first
        case .last: .last
        case nil: nil
        }
    }

    private mutating func priority(_ node: Node) -> NetfilterPriority? {
        guard let text = text(node) else { return nil }
        if let priority = NetfilterPriority(text) { return priority }
        note(.badPriority(text), at: node)
        return nil
    }

    private mutating func ways(_ node: Node) -> SocketWays? {
        guard let texts = texts(node) else { return nil }
        var ways: SocketWays = []
        for text in texts {
            if let named = SocketWays(text.value) {
                ways.formUnion(named)
            } else {
                let words = SocketWays.all.names + [SocketWays.allWord]
                faults.append(DocumentFault(at: text.place, .unknownWord(text.value, among: words)))
            }
        }
        if texts.isEmpty { note(.emptyValue, at: node) }
        return ways
    }
}
