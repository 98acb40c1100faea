// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// What was removed from a host, for people: a line a part, what helps below it, and the conclusion.
struct RemovalRendering {
    private let removal: HostRemoval

    init(_ removal: HostRemoval) { self.removal = removal }

    var text: String { (removal.items.map(line) + [conclusion]).joined(separator: "\n") }

    private func line(_ item: HostRemoval.Item) -> String {
        let (outcome, remedy) = self.outcome(item)
        return "\(name(item.part)): \(outcome)" + (remedy.map { "\n  \($0)" } ?? "")
    }

    private func outcome(_ item: HostRemoval.Item) -> (String, remedy: String?) {
        let word: String
        var holders: [ProgramHolder] = []
        switch item.part {
        case .program(_, _, let all), .link(_, _, _, _, let all): (word, holders) = ("detached", all)
        default: word = "removed"
        }
        let names = holders.map(\.description).joined(separator: ", ")
        switch item.outcome {
        case .removed: return (word + (names.isEmpty ? "" : "; held by \(names)"), nil)
        case .planned: return ("would be \(word)" + (names.isEmpty ? "" : "; held by \(names)"), nil)
        case .left(let reason): return ("left: \(reason.words)", reason.remedy)
        case .kept(let reason): return ("not touched: \(reason)", nil)
        }
    }

    private func name(_ part: HostRemoval.Part) -> String {
        switch part {
        case .registry(let path, let programs):
            "registry \(path)"
                + (programs.isEmpty
                    ? "" : ", with \(programs.count.of("program")) (\(programs.joined(separator: ", ")))")
        case .program(let place, let occupant, _): "\(name(place)): \(place.hook): \(occupant)"
        case .link(let id, let place, let programID, let programName, _):
            "link \(id) of program \(programName.map { "\($0) (id \(programID))" } ?? "\(programID)"), "
                + (place.map { "at \($0)" } ?? "on an interface that was not found")
        case .qdisc(let place): "\(name(place)): clsact qdisc"
        case .loaded(let id, let name): "program \(name) (id \(id)), on no hook that was found"
        case .map(let id): "a registry's map (id \(id)), in no registry that was found"
        case .unseen(let text): text
        }
    }

    private func name(_ place: HostRemoval.Place) -> String {
        switch place.namespace {
        case .here: place.interface
        case .named(let name): "\(place.interface) in \(name)"
        case .cookie(let cookie): "\(place.interface) in the network namespace of cookie \(cookie)"
        }
    }

    private var conclusion: String {
        let left = removal.items.count { if case .left = $0.outcome { true } else { false } }
        let planned = removal.items.count { $0.outcome == .planned }
        if removal.items.isEmpty { return "nothing of pktmeta is there" }
        if left > 0 { return "\(left.of("part")) of pktmeta \(removal.isDryRun ? "would be" : "may be") left" }
        if removal.isDryRun { return planned == 0 ? "nothing of pktmeta is there" : "nothing of pktmeta would be left" }
        return "nothing of pktmeta is left"
    }
}

struct RemovalDocument: JSONDocument {
    let removal: HostRemoval

    init(_ removal: HostRemoval) { self.removal = removal }

    var value: JSONValue {
        [
            "version": .version,
            "isDryRun": .flag(removal.isDryRun),
            // Whether nothing of pktmeta's is left, or would be.
            "isComplete": .flag(removal.isComplete),
            "exitCode": .number(Int(removal.exitCode)),
            "parts": .array(removal.items.map(json)),
        ]
    }

    private func json(_ item: HostRemoval.Item) -> JSONValue {
        var reason: String?
        var remedy: String?
        let outcome: String
        switch item.outcome {
        case .removed: outcome = "removed"
        case .planned: outcome = "planned"
        case .left(let why): (outcome, reason, remedy) = ("left", why.words, why.remedy)
        case .kept(let text): (outcome, reason) = ("not_touched", text)
        }
        return [
            "outcome": .text(outcome),
            "reason": reason.map(JSONValue.text),
            "remedy": remedy.map(JSONValue.text),
            // One of these, by which a part's kind is known.
            "registry": item.registry,
            "program": item.program,
            "qdisc": item.qdisc,
            "map": item.map,
            "unseen": item.unseen,
        ]
    }
}

extension HostRemoval.Item {
    fileprivate var registry: JSONValue? {
        guard case .registry(let path, let programs) = part else { return nil }
        return ["path": .text(path.string), "programs": .texts(programs)]
    }

    fileprivate var program: JSONValue? {
        switch part {
        case .program(let place, let occupant, let holders):
            [
                "place": place.json,
                "id": .number(occupant.programID),
                "name": occupant.programName.map(JSONValue.text),
                // Absent for a filter.
                "linkID": occupant.linkID.map(JSONValue.number),
                // How it is attached: native, generic, tcx_link, cls_bpf and so on.
                "mode": .text(occupant.mode?.rawValue ?? occupant.mechanism.rawValue),
                "pins": .texts(occupant.pins.map(\.string)),
                // Processes that have the link.
                "holders": .array(holders.map(\.json)),
            ]
        case .link(let id, let place, let programID, let programName, let holders):
            [
                // Of netfilter or a cgroup. Absent: its interface was not found.
                "at": place.map(JSONValue.text),
                "id": .number(programID),
                "name": programName.map(JSONValue.text),
                "linkID": .number(id),
                "holders": .array(holders.map(\.json)),
            ]
        // On no hook that was found, and still in the kernel.
        case .loaded(let id, let name): ["id": .number(id), "name": .text(name)]
        default: nil
        }
    }

    fileprivate var qdisc: JSONValue? {
        guard case .qdisc(let place) = part else { return nil }
        return ["place": place.json]
    }

    /// A registry's, still in the kernel.
    fileprivate var map: JSONValue? {
        guard case .map(let id) = part else { return nil }
        return ["id": .number(id)]
    }

    fileprivate var unseen: JSONValue? {
        guard case .unseen(let text) = part else { return nil }
        return .text(text)
    }
}

extension ProgramHolder {
    fileprivate var json: JSONValue { ["pid": .number(processID), "command": command.map(JSONValue.text)] }
}

extension HostRemoval.Place {
    fileprivate var json: JSONValue {
        var name: String?
        if case .named(let text) = namespace { name = text }
        return [
            "interface": .text(interface),
            "ifindex": .number(ifindex),
            // Absent if it has no name.
            "netns": name.map(JSONValue.text),
            "netnsCookie": .number(netnsCookie),
            "hook": .text(hook.rawValue),
        ]
    }
}
