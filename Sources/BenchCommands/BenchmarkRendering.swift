// SPDX-License-Identifier: BSD-2-Clause

internal import Benchmark
internal import PktmetaCommands
internal import RegistryModel

/// What was measured, for people: tables, bars, and how it stands against what pktmeta holds itself to.
struct BenchmarkRendering {
    private let report: BenchmarkReport
    private let display: Display

    init(_ report: BenchmarkReport, _ display: Display) {
        self.report = report
        self.display = display
    }

    var text: String {
        let machine = report.machine
        let heading = "Linux \(machine.kernel), \(machine.architecture), \(machine.cpus.of("CPU"))"
        return ([heading] + report.sections.flatMap(texts) + [bars]).filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private func texts(_ section: BenchmarkSection) -> [String] {
        var parts = [display.paint("\(section.title), \(section.unit)", .bold)]
        if !section.rows.isEmpty { parts[0] += "\n" + table(section) }
        parts += section.charted.map { chart(section, $0) }
        parts.append(section.allNotes.map { display.paint($0, .dim) }.joined(separator: "\n"))
        return parts
    }

    // MARK: Tables

    private func table(_ section: BenchmarkSection) -> String {
        let hasNotes = section.rows.contains { !$0.note.isEmpty }
        var table = Table(
            columns: [.text("", style: { _ in .bold })] + section.columns.map { .number($0) }
                + (section.rows.contains { isSampled($0) } ? [.number("±", dispensability: 1)] : [])
                + (hasNotes ? [.text("CHECKS", dispensability: 2)] : []))
        let hasSpread = section.rows.contains(where: isSampled)
        table.rows = section.rows.map { row in
            [row.name] + row.values.map { $0.map { number($0.median, section.digits) } ?? "-" }
                + (hasSpread ? [spread(row)] : []) + (hasNotes ? [row.note] : [])
        }
        return table.text(for: display)
    }

    private func isSampled(_ row: BenchmarkSection.Row) -> Bool { row.values.contains { ($0?.count ?? 0) > 1 } }

    /// The largest relative half-width of the row's confidence intervals.
    private func spread(_ row: BenchmarkSection.Row) -> String {
        let spreads = row.values.compactMap { $0 }.filter { $0.count > 1 && $0.median != 0 }
            .map { ($0.high - $0.low) / 2 / abs($0.median) }
        return spreads.max().map { "\(number($0 * 100, 0)) %" } ?? "-"
    }

    // MARK: Bars

    private static let usualWidth = 80
    private static let barWidths = 10...48

    private func chart(_ section: BenchmarkSection, _ column: Int) -> String {
        let rows = section.rows.compactMap { row in row.values[column].map { (row.name, max(0, $0.median)) } }
        guard let most = rows.map(\.1).max(), most > 0 else { return "" }
        let nameWidth = rows.map { displayWidth($0.0) }.max() ?? 0
        let texts = rows.map { number($0.1, section.digits) }
        let numberWidth = texts.map(displayWidth).max() ?? 0
        let room = (display.width ?? Self.usualWidth) - nameWidth - numberWidth - 4
        let width = min(max(room, Self.barWidths.lowerBound), Self.barWidths.upperBound)
        let lines = zip(rows, texts).map { row, text in
            let name = row.0 + String(repeating: " ", count: nameWidth - displayWidth(row.0))
            let number = String(repeating: " ", count: numberWidth - displayWidth(text)) + text
            return "\(name)  \(number)  " + display.bar(row.1 / most * Double(width))
        }
        return ([section.columns[column]] + lines).joined(separator: "\n")
    }

    private var bars: String {
        let bars = report.sections.flatMap(\.bars)
        guard !bars.isEmpty else { return "" }
        var table = Table(columns: [
            .text("RATIO"), .number("IS"), .number("FROM"), .number("TO"), .text("BAR"),
            .text(
                "",
                style: { $0 == Bar.Verdict.met.rawValue ? .green : $0 == Bar.Verdict.missed.rawValue ? .red : .yellow }),
        ])
        table.rows = bars.map { bar in
            [
                bar.what, ratio(bar.ratio?.median), ratio(bar.ratio?.low), ratio(bar.ratio?.high),
                text(bar.bound),
                bar.verdict.rawValue,
            ]
        }
        return table.text(for: display)
    }

    private func text(_ bound: Bar.Bound) -> String {
        switch bound {
        case .atMost(let limit): "at most \(number(limit, 2))"
        case .atLeast(let limit): "at least \(number(limit, 2))"
        }
    }

    private func ratio(_ value: Double?) -> String { value.map { number($0, 3) } ?? "-" }

    private func number(_ value: Double, _ digits: Int) -> String { fixed(value, digits: digits) }
}
