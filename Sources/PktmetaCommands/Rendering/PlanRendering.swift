// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel

/// How a host differs from its declaration, for people: a line each, with a mark as of diff(1).
struct PlanRendering {
    /// What the lines are read as.
    enum Tense {
        /// What differs.
        case difference
        /// What is to be done, and what it costs.
        case plan
        /// What was done.
        case done
    }

    let plan: HostPlan
    let tense: Tense

    init(_ plan: HostPlan, _ tense: Tense) { (self.plan, self.tense) = (plan, tense) }

    var text: String {
        var lines = differences
        if lines.isEmpty { return "\(plan.registry): all is as declared" }
        switch tense {
        case .difference: break
        case .plan: lines += plan.isEmpty ? ["nothing to do"] : costs.map { "cost: \($0)" }
        case .done: if plan.isEmpty { lines.append("nothing was to be done") }
        }
        return lines.joined(separator: "\n")
    }

    private var differences: [String] {
        plan.settings.map { line($0.mark, "registry \(plan.registry)", $0.words, nil) }
            + plan.fields.map { line($0.mark, "field \($0.definition.name)", $0.words, $0.place) }
            + plan.programs.map { line($0.mark, $0.title, $0.words, $0.place) }
            + plan.absences.map { line("!", $0.kind.words, nil, $0.place) }
    }

    private func line(_ mark: String, _ title: String, _ words: String?, _ place: DocumentPlace?) -> String {
        "\(mark) \(title)" + (words.map { ": \($0)" } ?? "") + (place.map { " (\($0))" } ?? "")
    }

    // MARK: Costs

    private var costs: [String] {
        let lost = plan.fields.filter(\.isLost).map(\.definition.name.text)
        let ids = plan.fields.filter { if case .replace = $0.kind { true } else { false } }.map(\.definition.name.text)
        let moved = plan.fields.filter { if case .move = $0.kind { true } else { false } }.map(\.definition.name.text)
        return [
            plan.settings.contains(where: \.isResizing) ? "packets under way lose all fields" : nil,
            plan.renewed == 0 ? nil : "\(plan.renewed.of("attachment")) loaded anew, with no packet unprocessed",
            lost.isEmpty ? nil : "packets under way lose \(lost.joined(separator: ", "))",
            moved.isEmpty ? nil : "packets under way give -EFAULT for \(moved.joined(separator: ", ")), which moves",
            ids.isEmpty ? nil : "another id for \(ids.joined(separator: ", "))",
        ].compactMap(\.self)
    }
}

extension FieldChange {
    fileprivate var isLost: Bool {
        switch kind {
        case .replace, .unregister: true
        case .register, .move, .undeclared, .claim, .withdraw: false
        }
    }
}

extension SettingChange {
    fileprivate var isResizing: Bool { if case .capacity = self { true } else { false } }

    var mark: String { if case .create = self { "+" } else { "~" } }

    var words: String {
        switch self {
        case .create(let capacity): "created" + (capacity.map { ", \($0) bytes a packet" } ?? "")
        case .capacity(let old, let new): "\(old) -> \(new) bytes a packet"
        case .statistics(let old, let new): "statistics \(old.rawValue) -> \(new.rawValue)"
        case .access: "who may read it"
        }
    }
}

extension FieldChange {
    var mark: String {
        switch kind {
        case .register: "+"
        case .replace, .move, .claim, .withdraw: "~"
        case .unregister: "-"
        case .undeclared: "?"
        }
    }

    var words: String {
        switch kind {
        case .register: "\(definition.words), byte \(offset)"
        case .replace(let old): "\(old.definition.words) -> \(definition.words)"
        case .move(let old): "byte \(old) -> \(offset)"
        case .unregister: "no longer declared by \(owner)"
        case .undeclared: "no longer declared by \(owner), and stays"
        case .claim: "declared by \(owner) as well"
        case .withdraw: "no longer declared by \(owner), and still by others"
        }
    }
}

extension ProgramChange {
    var mark: String {
        switch kind {
        case .attach: "+"
        case .replace, .move, .claim, .withdraw: "~"
        case .detach: "-"
        case .undeclared: "?"
        }
    }

    var title: String {
        let netns = site.namespace?.name.map { " of \($0)" } ?? ""
        return "\(site)\(netns): \(hook): \(program)"
    }

    var words: String {
        switch kind {
        case .attach: "attached, of \(object)"
        case .replace: "replaced, of \(object)"
        case .move: "moved among the programs of the hook"
        case .detach: "no longer declared by \(owner)"
        case .undeclared: "no longer declared by \(owner), and stays"
        case .claim: "declared by \(owner) as well"
        case .withdraw: "no longer declared by \(owner), and still by others"
        }
    }
}
