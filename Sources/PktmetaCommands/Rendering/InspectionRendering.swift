// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

/// An inspection for people.
struct InspectionRendering {
    private let report: InspectionReport
    private let display: Display

    init(_ report: InspectionReport, _ display: Display) {
        self.report = report
        self.display = display
    }

    private var inspection: Inspection { report.inspection }
    private var image: RegistryImage { inspection.image }
    private var view: InspectionView { report.view }

    var text: String {
        var parts: [String] = []
        if view.showsRegistry { parts += [heading, picture, registryTable] }
        if view.showsState { parts += [stateTable, uncountedLines, figureLines] }
        if view == .field {
            parts += inspection.fields.map { FieldRendering($0, report, display).text }
        } else if inspection.fields.isEmpty, !image.fields.isEmpty {
            parts.append("none of \(image.fields.count.of("field")) is selected")
        }
        parts.append(image.problems.map { display.paint("damaged: \($0.words)", .red) }.joined(separator: "\n"))
        return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    // MARK: The registry

    private var heading: String {
        let statistics = image.statistics == .sampled ? "" : ", statistics: \(image.statistics.rawValue)"
        return display.heading(
            inspection.path.string,
            "\(image.fields.count.of("field")) in \(image.usedBytes) of \(image.word.space) bytes, "
                + "generation \(image.word.generation)" + statistics)
    }

    private var picture: String {
        [AreaPicture(image: image, display: display).text, space].joined(separator: "\n")
    }

    /// What the picture shows, in figures, and what has no bytes.
    private var space: String {
        let free = image.areaParts.filter { $0.use == .free }.map(\.range.count)
        let released = image.areaParts.reduce(0) {
            if case .released = $1.use { $0 + $1.range.count } else { $0 }
        }
        let flags = image.fields.filter { $0.type.size == 0 }.map(\.name.text)
        var texts: [String] = []
        if let largest = free.max() {
            let holes = free.count == 1 ? "" : " in \(free.count) holes, the largest of \(largest)"
            texts.append("free: \(free.reduce(0, +).of("byte"))" + holes)
        } else {
            texts.append("free: none")
        }
        if released > 0 { texts.append("released: \(released.of("byte")), free with the next change") }
        if !flags.isEmpty { texts.append("flags, without bytes: " + flags.joined(separator: ", ")) }
        return texts.joined(separator: "; ")
    }

    private var registryTable: String {
        if inspection.fields.isEmpty { return "" }
        var table = Table(columns: [
            .text("FIELD", isCopied: true, style: { _ in .bold }), .text("ID", isCopied: true),
            .number("SLOT", dispensability: 3), .text("TYPE", isCopied: true),
            .number("OFFSET"), .number("SIZE", dispensability: 4), .number("GEN", dispensability: 5),
            .text("SOURCE", isCopied: true), .text("SINK", isCopied: true), .text("USERS", dispensability: 2),
            .text("OWNER", dispensability: 1),
        ])
        table.rows = inspection.fields.map { entry in
            let field = entry.field
            return [
                field.name.text, field.id.description, String(field.slot), field.type.description,
                field.type.size == 0 ? "-" : String(field.layout.offset), String(field.type.size),
                field.layout.generation.description, field.definition.sourceDescription,
                field.definition.sink.description, users(entry.users), ownership(field.definition),
            ]
        }
        return table.text(for: display)
    }

    private static let usersNamed = 2

    private func users(_ users: [FieldUser]?) -> String {
        guard let users else { return "?" }
        if users.isEmpty { return "-" }
        if users.count > Self.usersNamed { return "\(users.count) programs" }
        return users.map { "\($0.program)@\($0.place)" }.joined(separator: ", ")
    }

    private func ownership(_ definition: FieldDefinition) -> String {
        var words = definition.owner.isEmpty ? [] : [definition.owner]
        if definition.isPrivate { words.append("(private)") }
        if !definition.isForSockets { words.append("(not for sockets)") }
        return words.joined(separator: " ")
    }

    // MARK: What happened

    private var stateTable: String {
        if inspection.fields.isEmpty { return "" }
        let columns = stateColumns
        var table = Table(columns: [.text("FIELD", isCopied: true, style: { _ in .bold })] + columns.map(\.column))
        table.rows = inspection.fields.compactMap { entry in
            entry.state.map { state in
                [entry.field.name.text]
                    + columns.map { entry.isUncounted ? $0.uncounted : $0.cell(entry.field, state) }
            }
        }
        return table.text(for: display)
    }

    private struct StateColumn {
        let column: Table.Column
        /// Of a field whose programs do not count.
        var uncounted = "-"
        let cell: (RegisteredField, FieldState) -> String
    }

    /// What the table does not show, by program.
    private var uncountedLines: String {
        var names: [FieldUser: [String]] = [:]
        var users: [FieldUser] = []
        for entry in inspection.fields {
            for user in entry.users ?? [] where user.counts == false {
                if names[user] == nil { users.append(user) }
                names[user, default: []].append(entry.field.name.text)
            }
        }
        return users.flatMap { user in
            wrapped(
                "not counted: what \(user.program) (\(user.hook) of \(user.place)) does to "
                    + (names[user] ?? []).joined(separator: ", ") + "; it is compiled without PKTMETA_COUNT",
                to: display.width ?? .max)
        }.map(printable).joined(separator: "\n")
    }

    private var stateColumns: [StateColumn] {
        [
            StateColumn(column: .number("SET", style: dimZero)) { String($1.set) },
            StateColumn(column: .number("GOT", style: dimZero)) { String($1.got) },
        ] + rateColumns + [
            StateColumn(column: .number("NOT SET", style: dimZero)) { String($1.notSet) },
            StateColumn(
                column: .text("REFUSED", style: { $0 == "-" || $0 == Self.uncounted ? .dim : .red }),
                uncounted: Self.uncounted
            ) { refusals($1) },
            StateColumn(column: .text("LAST VALUE", isCopied: true)) { $1.last?.value.description ?? "-" },
            StateColumn(column: .number("AGE", dispensability: 1)) { _, state in
                state.last.map { elapsed(from: $0.time, to: inspection.time) } ?? "-"
            },
            StateColumn(column: .number("MINIMUM", dispensability: 2)) { _, state in
                state.range.map { String($0.lowerBound) } ?? "-"
            },
            StateColumn(column: .number("MAXIMUM", dispensability: 2)) { _, state in
                state.range.map { String($0.upperBound) } ?? "-"
            },
            StateColumn(column: .text("HISTOGRAM", dispensability: 4, style: { _ in .green })) { _, state in
                Histogram(counts: state.histogram, display: display).line
            },
        ] + sinkColumns
    }

    private var rateColumns: [StateColumn] {
        guard report.showsRates else { return [] }
        func column(_ heading: String, _ dispensability: Int, _ value: @escaping (FieldRates) -> Double) -> StateColumn
        {
            StateColumn(column: .number(heading, dispensability: dispensability, style: dimZero)) { field, _ in
                report.rates[field.id].map { rate(value($0)) } ?? "-"
            }
        }
        return [
            column("SET/S", 0, \.set), column("GOT/S", 0, \.got), column("NOT SET/S", 3, \.notSet),
            column("REFUSED/S", 3, \.refused),
        ]
    }

    /// Columns that most registries would leave empty.
    private var sinkColumns: [StateColumn] {
        guard inspection.fields.contains(where: { $0.field.definition.sink != .none }) else { return [] }
        func column(_ heading: String, _ count: @escaping (FieldState) -> UInt64) -> StateColumn {
            StateColumn(column: .number(heading, dispensability: 3)) { field, state in
                field.definition.sink == .none ? "-" : String(count(state))
            }
        }
        return [column("SUNK", \.sunk), column("NOT SUNK", \.notSunk)]
    }

    private static let uncounted = "not counted"

    private var dimZero: @Sendable (String) -> Style? { { $0 == "0" || $0 == "-" ? .dim : nil } }

    private func refusals(_ state: FieldState) -> String {
        let texts =
            state.setRefused.nonzero.map { "set \($0.name) \($0.count)" }
            + state.getRefused.nonzero.map { "get \($0.name) \($0.count)" }
        return texts.isEmpty ? "-" : texts.joined(separator: ", ")
    }

    private var figureLines: String {
        ([statisticsLine, areaLine] + socketLines).filter { !$0.isEmpty }.joined(separator: "\n")
    }

    /// Where the table has minimums and the like that are not of all values.
    private var statisticsLine: String {
        let hasRange = inspection.fields.contains { $0.state?.range != nil }
        guard image.statistics == .sampled, hasRange else { return "" }
        let interval = Statistics.sampled.interval
        return "minimum, maximum, histogram: of one packet in \(interval), and each field's first"
    }

    private var areaLine: String {
        guard let area = inspection.area else { return "" }
        if inspection.isAreaUncounted { return "areas: not counted: no program that is attached counts" }
        let refused = area.refused.nonzero.map { display.paint(", \($0.name) \($0.count)", .red) }.joined()
        let stale = area.stale > 0 ? ", calls with stale ids \(area.stale)" : ""
        return "areas: made \(area.made), found \(area.found)\(refused)\(stale)"
    }

    private var socketLines: [String] {
        inspection.sockets.map { answers in
            let refused = answers.refused.nonzero.map { ", \($0.name) \($0.count)" }.joined()
            return "sockets: \(answers.way.rawValue): answered \(answers.answered)\(refused)"
        }
    }
}

extension Inspection {
    /// Whether the counts of areas say nothing: there are programs, none of them counts, and none has before.
    var isAreaUncounted: Bool {
        guard let area, areaCounting == Counting.none else { return false }
        return area.made == 0 && area.found == 0 && area.stale == 0 && area.refused.nonzero.isEmpty
    }
}

extension Inspection.Field {
    /// Whether its counts say nothing: nobody who uses it counts, and nobody has before.
    var isUncounted: Bool {
        guard counting == Inspection.Counting.none, let state else { return false }
        return state.set == 0 && state.got == 0 && state.notSet == 0 && state.refusedCalls == 0
    }
}
