// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import RegistryModel

/// All of one field: its place, its users, what happened to it and why calls were refused.
struct FieldRendering {
    private let entry: Inspection.Field
    private let report: InspectionReport
    private let display: Display

    init(_ entry: Inspection.Field, _ report: InspectionReport, _ display: Display) {
        self.entry = entry
        self.report = report
        self.display = display
    }

    private var field: RegisteredField { entry.field }
    private var rates: FieldRates? { report.rates[field.id] }

    var text: String {
        [
            display.paint(field.name.text, .bold) + ": \(field.type), id \(field.id)",
            facts(registration), facts(counts), refusals, values, histogram,
        ].filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private static let nameWidth = 12
    private static let indentation = "  "

    private func facts(_ facts: [(name: String, text: String)]) -> String {
        facts.map { name, text in
            let blanks = String(repeating: " ", count: max(1, Self.nameWidth - name.utf8.count))
            return Self.indentation + name + blanks + printable(text)
        }.joined(separator: "\n")
    }

    private var registration: [(String, String)] {
        let definition = field.definition
        let area = report.inspection.image.word.capacity
        let place =
            field.type.size == 0
            ? "none: a flag is a bit of the header"
            : "bytes \(field.layout.offset) to \(field.layout.offset + field.layout.size - 1) of \(area)"
        var facts = [
            ("place", place),
            ("slot", "\(field.slot), epoch \(field.layout.epoch), generation \(field.layout.generation)"),
            ("source", definition.sourceDescription), ("sink", definition.sink.description),
        ]
        if !definition.owner.isEmpty { facts.append(("owner", definition.owner)) }
        if definition.isPrivate { facts.append(("private", "scrub programs take it off")) }
        if !definition.isForSockets { facts.append(("sockets", "get EACCES")) }
        facts.append(("used by", users))
        return facts
    }

    private var users: String {
        guard let users = entry.users else { return "unknown: this process may not look" }
        if users.isEmpty { return "no attached program" }
        return users.map {
            "\($0.program) (\($0.hook) of \($0.place)" + ($0.counts == false ? ", does not count)" : ")")
        }.joined(separator: ", ")
    }

    private var counts: [(String, String)] {
        guard let state = entry.state else { return [] }
        if entry.isUncounted {
            return [("counted", "no: the programs that use it are compiled without PKTMETA_COUNT")]
        }
        func count(_ count: UInt64, _ perSecond: (FieldRates) -> Double) -> String {
            String(count) + (report.showsRates ? ", \(rates.map { rate(perSecond($0)) } ?? "-") a second" : "")
        }
        var facts = [
            ("set", count(state.set, \.set)), ("got", count(state.got, \.got)),
            ("not set", count(state.notSet, \.notSet)),
        ]
        if field.definition.sink != .none {
            facts.append(("sunk", "\(state.sunk), \(state.notSunk) did not fit the sink or the packet"))
        }
        return facts
    }

    private var refusals: String {
        guard let state = entry.state else { return "" }
        let lines =
            state.setRefused.nonzero.map { ("set", $0.name, $0.count) }
            + state.getRefused.nonzero.map { ("get", $0.name, $0.count) }
        return lines.map { call, name, count in
            Self.indentation + display.paint("\(call) refused \(count.of("time")) with \(name)", .red)
                + (Self.meaning(of: name).map { ": \($0)" } ?? "")
        }.joined(separator: "\n")
    }

    /// As in the contract of pktmeta.bpf.h.
    private static func meaning(of errno: String) -> String? {
        switch errno {
        case "EINVAL": "the caller's size is not the field's"
        case "EFAULT": "the packet has no area, someone else's, or one older than the field"
        case "EBUSY": "a tap shares the packet, and writing would cost it the metadata"
        default: nil
        }
    }

    private var values: String {
        guard let state = entry.state, !entry.isUncounted else { return "" }
        guard let last = state.last else {
            return facts([("last value", state.got == 0 ? "none read yet" : Self.unrecorded)])
        }
        let age = elapsed(from: last.time, to: report.inspection.time)
        var values = [("last value", "\(last.value), \(age) ago")]
        if let range = state.range {
            let some = state.values < state.got ? ", in \(state.values) of \(state.got) that were got" : ""
            values.append(("values", "\(range.lowerBound) to \(range.upperBound)\(some)"))
        }
        return facts(values)
    }

    private static let unrecorded = "not recorded: of those that get it, only the prebuilt consumer does that"

    private static let usualWidth = 80

    private var histogram: String {
        guard let state = entry.state, !state.histogram.isEmpty else { return "" }
        let width = (display.width ?? Self.usualWidth) - Self.indentation.utf8.count
        return Histogram(counts: state.histogram, display: display).rows(width: width)
            .map { Self.indentation + $0 }.joined(separator: "\n")
    }
}
