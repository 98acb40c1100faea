// SPDX-License-Identifier: BSD-2-Clause

/// Rows under headings, each column as wide as it needs to be.
///
/// Written here because the table library at hand pulls in all of Foundation, which costs a command that prints twenty
/// lines several milliseconds of start-up.
package struct Table {
    package struct Column {
        let heading: String
        let isNumber: Bool
        /// Where there is no room for all columns, those of the highest number go first; 0 stays.
        let dispensability: Int
        /// Whether people copy its cells: one that is shortened is repeated below its row, whole.
        let isCopied: Bool
        /// How a cell looks, by its text.
        let style: @Sendable (String) -> Style?

        package static func text(
            _ heading: String, dispensability: Int = 0, isCopied: Bool = false,
            style: @escaping @Sendable (String) -> Style? = { _ in nil }
        ) -> Column {
            Column(
                heading: heading, isNumber: false, dispensability: dispensability, isCopied: isCopied, style: style)
        }

        package static func number(
            _ heading: String, dispensability: Int = 0, style: @escaping @Sendable (String) -> Style? = { _ in nil }
        ) -> Column {
            Column(heading: heading, isNumber: true, dispensability: dispensability, isCopied: false, style: style)
        }
    }

    /// What is told below a row, in words that are never cut.
    struct Note {
        let name: String
        let words: [String]
    }

    let columns: [Column]
    package var rows: [[String]] = []
    /// By the row's number.
    var notes: [Int: [Note]] = [:]

    static let gap = "  "
    private static let indentation = "    "

    var text: String { text(for: .plain) }

    package init(columns: [Column]) { self.columns = columns }

    /// As wide as the display: columns that do not fit are left out, and named below; then cells are shortened.
    package func text(for display: Display) -> String {
        let rows = rows.map { $0.map(printable) }
        let cells = [columns.map(\.heading)] + rows
        var widths = columns.indices.map { column in cells.map { displayWidth($0[column]) }.max() ?? 0 }
        let shown = fit(&widths, display)
        let lines = cells.enumerated().flatMap { number, row in
            let line = shown.map { column in
                let text = display.cut(row[column], to: widths[column])
                let style = number == 0 ? .bold : columns[column].style(row[column])
                let blanks = String(repeating: " ", count: widths[column] - displayWidth(text))
                let painted = display.paint(text, style)
                if columns[column].isNumber { return blanks + painted }
                return column == shown.last ? painted : painted + blanks
            }.joined(separator: Self.gap)
            return [trimmed(line)] + (number == 0 ? [] : below(number - 1, row, shown, widths, display))
        }
        return (lines + note(leftOut: columns.indices.filter { !shown.contains($0) }, display))
            .joined(separator: "\n")
    }

    /// - Returns: the columns to be shown.
    private func fit(_ widths: inout [Int], _ display: Display) -> [Int] {
        var shown = Array(columns.indices)
        guard let limit = display.width else { return shown }
        let total = { (shown: [Int], widths: [Int]) in
            shown.reduce(0) { $0 + widths[$1] } + (shown.count - 1) * Self.gap.utf8.count
        }
        while total(shown, widths) > limit,
            let worst = shown.max(by: { columns[$0].dispensability < columns[$1].dispensability }),
            columns[worst].dispensability > 0
        {
            shown.removeAll { $0 == worst }
        }
        // Numbers are not shortened: one that has lost its end is another number.
        while total(shown, widths) > limit {
            let texts = shown.filter { !columns[$0].isNumber && widths[$0] > displayWidth(columns[$0].heading) }
            guard let widest = texts.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
        }
        return shown
    }

    private func below(_ number: Int, _ row: [String], _ shown: [Int], _ widths: [Int], _ display: Display) -> [String]
    {
        let cut = columns.indices.filter {
            columns[$0].isCopied && (!shown.contains($0) || displayWidth(row[$0]) > widths[$0])
        }
        let notes = cut.map { Note(name: columns[$0].heading.lowercased(), words: [row[$0]]) } + (notes[number] ?? [])
        let nameWidth = notes.map { displayWidth($0.name) }.max() ?? 0
        let head = Self.indentation.utf8.count + nameWidth + Self.gap.utf8.count
        return notes.flatMap { note in
            let lines = wrapped(note.words.map(printable), to: display.width.map { $0 - head } ?? .max)
            let blanks = String(repeating: " ", count: nameWidth - displayWidth(note.name))
            let first = Self.indentation + note.name + blanks + Self.gap
            return lines.enumerated().map { ($0 == 0 ? first : String(repeating: " ", count: head)) + $1 }
        }
    }

    private func note(leftOut: [Int], _ display: Display) -> [String] {
        guard !leftOut.isEmpty else { return [] }
        let names = leftOut.map { columns[$0].heading }.joined(separator: ", ")
        return [display.paint(display.cut("no room for: \(names)", to: display.width ?? .max), .dim)]
    }

    private func trimmed(_ line: String) -> String {
        line.last == " " ? trimmed(String(line.dropLast())) : line
    }
}
