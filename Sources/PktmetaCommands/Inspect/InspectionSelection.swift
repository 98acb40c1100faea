// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Glibc
internal import PacketMetadata
internal import RegistryModel

struct SelectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only fields that this owner registered.", valueName: "owner"), completion: .owners)
    var owner: String?

    @Flag(help: "Only fields of which a set or a get was refused.")
    var refused = false

    @Flag(help: "Only fields that were set or got; with --watch, in the last interval.")
    var active = false

    @Option(
        help: ArgumentHelp(
            "By offset, name, slot, size, set, got, not-set, refused, rate (of sets and gets, with --watch) or age.",
            valueName: "key"))
    var sort: SortKey = .offset

    @Flag(help: "In the opposite order.")
    var reverse = false

    var choice: InspectionChoice {
        InspectionChoice(owner: owner, onlyRefused: refused, onlyActive: active, sort: sort, isReversed: reverse)
    }
}

/// What options say about which fields are shown, and in which order.
struct InspectionChoice: Hashable {
    var owner: String?
    var onlyRefused = false
    var onlyActive = false
    var sort = SortKey.offset
    var isReversed = false

    /// - Throws: `usage` if a name cannot be one.
    func selection(_ names: [String]) throws(PacketMetadataError) -> InspectionSelection {
        var patterns: [NamePattern] = []
        for name in names { patterns.append(try NamePattern(name)) }
        return InspectionSelection(
            patterns: patterns, owner: owner, onlyRefused: onlyRefused, onlyActive: onlyActive, sort: sort,
            isReversed: isReversed)
    }
}

/// What fields are sorted by: those that have least or come first at the top for places and names, those with most at
/// the top for counts.
enum SortKey: String, ExpressibleByArgument, CaseIterable {
    case offset, name, slot, size, set, got
    case notSet = "not-set"
    case refused, rate, age
}

/// A field's name, or several by `*`, `?` and `[...]`.
enum NamePattern: Hashable {
    case name(FieldName)
    case glob(String)

    /// - Throws: `usage` if no field can have the name.
    init(_ text: String) throws(PacketMetadataError) {
        self = text.contains(where: { "*?[".contains($0) }) ? .glob(text) : .name(try FieldName(text))
    }

    func matches(_ name: FieldName) -> Bool {
        switch self {
        case .name(let own): own == name
        case .glob(let pattern): unsafe fnmatch(pattern, name.text, 0) == 0
        }
    }

    var text: String {
        switch self {
        case .name(let name): name.text
        case .glob(let pattern): pattern
        }
    }
}

/// Which fields are shown, and in which order.
struct InspectionSelection {
    let patterns: [NamePattern]
    let owner: String?
    let onlyRefused: Bool
    let onlyActive: Bool
    var sort: SortKey
    var isReversed: Bool

    /// Whether it names exactly one field.
    var isOneField: Bool {
        if patterns.count == 1, case .name = patterns[0] { return true }
        return false
    }

    /// Whether counts decide what is shown.
    var needsStates: Bool {
        onlyRefused || onlyActive || [.set, .got, .notSet, .refused, .rate, .age].contains(sort)
    }

    /// - Throws: `notFound` if a name is no field's, or a pattern matches none.
    func applied(
        to inspection: Inspection, rates: [FieldID: FieldRates]? = nil
    ) throws(PacketMetadataError) -> Inspection {
        for pattern in patterns where !inspection.fields.contains(where: { pattern.matches($0.field.name) }) {
            let refusal = CommandRefusal.noSuchField(
                pattern.text, inspection.path, among: inspection.fields.map(\.field.name))
            throw PacketMetadataError(refusal).keeping(from: .other("cannot inspect \(pattern.text)"))
        }
        let shown = inspection.fields.filter { isSelected($0, rates) }
        let order = shown.enumerated().sorted { a, b in
            let keys = (key(of: a.element, rates), key(of: b.element, rates))
            // Equal ones stay in the order of their places.
            if keys.0 == keys.1 { return a.offset < b.offset }
            return isReversed ? keys.1 < keys.0 : keys.0 < keys.1
        }
        return inspection.with(fields: order.map(\.element))
    }

    private func isSelected(_ entry: Inspection.Field, _ rates: [FieldID: FieldRates]?) -> Bool {
        let definition = entry.field.definition
        if !patterns.isEmpty, !patterns.contains(where: { $0.matches(definition.name) }) { return false }
        if let owner, definition.owner != owner { return false }
        if onlyRefused, let state = entry.state, state.refusedCalls == 0 { return false }
        if onlyActive {
            if let rates { return rates[entry.field.id].map { !$0.isZero } ?? false }
            if let state = entry.state, state.set == 0, state.got == 0 { return false }
        }
        return true
    }

    private func key(of entry: Inspection.Field, _ rates: [FieldID: FieldRates]?) -> Key {
        let field = entry.field
        let state = entry.state
        return switch sort {
        case .offset: .number(Double(field.layout.offset))
        case .name: .text(field.name.text)
        case .slot: .number(Double(field.slot))
        case .size: .number(-Double(field.type.size))
        case .set: .number(-Double(state?.set ?? 0))
        case .got: .number(-Double(state?.got ?? 0))
        case .notSet: .number(-Double(state?.notSet ?? 0))
        case .refused: .number(-Double(state?.refusedCalls ?? 0))
        case .rate: .number(rates?[field.id].map { -($0.set + $0.got) } ?? 0)
        case .age: .number(-Double(state?.last?.time ?? 0))
        }
    }

    private enum Key: Comparable {
        case number(Double)
        case text(String)
    }
}

extension FieldState {
    /// Sets and gets.
    var refusedCalls: UInt64 { setRefused.total &+ getRefused.total }
}
