// SPDX-License-Identifier: BSD-2-Clause

/// Rows under headings, each column as wide as it needs to be.
///
/// Written here because the table library at hand pulls in all of Foundation, which costs a command that prints twenty
/// lines several milliseconds of start-up.
struct Table {
    struct Column {
        let heading: String
        let isNumber: Bool

        static func text(_ heading: String) -> Column { Column(heading: heading, isNumber: false) }
        static func number(_ heading: String) -> Column { Column(heading: heading, isNumber: true) }
    }

    let columns: [Column]
    var rows: [[String]] = []

    var text: String {
        let cells = [columns.map(\.heading)] + rows
        let widths = columns.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { row in
            let line = columns.indices.map { pad(row[$0], to: widths[$0], onTheLeft: columns[$0].isNumber) }
                .joined(separator: "  ")
            return trimmed(line)
        }.joined(separator: "\n")
    }

    private func pad(_ text: String, to width: Int, onTheLeft: Bool) -> String {
        let blanks = String(repeating: " ", count: width - text.count)
        return onTheLeft ? blanks + text : text + blanks
    }

    private func trimmed(_ line: String) -> String {
        line.last == " " ? trimmed(String(line.dropLast())) : line
    }
}
