// SPDX-License-Identifier: BSD-2-Clause

internal import Linux

/// What those who look at the output can see.
package struct Display: Sendable, Hashable {
    /// Columns; nil: as many as it takes.
    package var width: Int?
    var hasColour = false
    /// Whether it shows more than ASCII.
    var hasUnicode = true

    /// A file, another program.
    static let plain = Display()

    /// What a document is about, by its path, and what is so of it: on lines of their own if one has no room for both.
    func heading(_ path: String, _ text: String) -> String {
        let line = "\(printable(path)): \(text)"
        guard let width, displayWidth(line) > width else { return line }
        return ([printable(path) + ":"] + wrapped(text, to: width - 2).map { "  " + $0 }).joined(separator: "\n")
    }

    package func paint(_ text: String, _ style: Style?) -> String {
        guard hasColour, let style, !text.isEmpty else { return text }
        return "\u{1b}[\(style.code)m\(text)\u{1b}[0m"
    }

    /// Shortened to so many columns; what is left out shows.
    func cut(_ text: String, to width: Int) -> String {
        guard displayWidth(text) > width else { return text }
        let sign = hasUnicode ? "…" : "~"
        var kept = ""
        var columns = 1
        for character in text {
            columns += CharacterWidth.columns(character)
            if columns > width { break }
            kept.append(character)
        }
        return width > 0 ? kept + sign : ""
    }

    /// The same for a line with painted parts, which stay as they are.
    func cut(painted line: Substring, to width: Int) -> String {
        var isEscape = false
        var plain = ""
        var positions: [(offset: Int, escape: String)] = []
        for character in line {
            if character == "\u{1b}" {
                isEscape = true
                positions.append((plain.count, ""))
            }
            guard isEscape else {
                plain.append(character)
                continue
            }
            positions[positions.count - 1].escape.append(character)
            isEscape = character != "m"
        }
        guard displayWidth(plain) > width else { return String(line) }
        var characters = cut(plain, to: width).map(String.init)
        let end = characters.count
        for (offset, escape) in positions.reversed() { characters.insert(escape, at: min(offset, end)) }
        return characters.joined()
    }
}

/// Attributes of characters (SGR of ECMA-48).
package enum Style: Sendable, Hashable {
    case bold, dim, red, green, yellow
    /// One of a few colours that are told apart.
    case series(Int)

    fileprivate var code: String {
        switch self {
        case .bold: "1"
        case .dim: "2"
        case .red: "31"
        case .green: "32"
        case .yellow: "33"
        case .series(let index): ["36", "33", "32", "35", "34", "96", "93", "92", "95", "94"][index % 10]
        }
    }
}

/// Columns that a text takes.
package func displayWidth(_ text: String) -> Int {
    // Nearly all are ASCII, where a byte is a column.
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
    return text.reduce(0) { $0 + CharacterWidth.columns($1) }
}

/// A word, a cell or a line in which no character moves the cursor or worse: names come from others.
func printable(_ text: String) -> String { SpelledBytes.visible(text) }

/// The same for several lines.
func printableLines(_ text: String) -> String { SpelledBytes.visible(text) { $0 == "\n" || $0 == "\t" } }

extension Context {
    /// What this context's output shows: colour on a terminal that has it, unless NO_COLOR is set (no-color.org).
    package var display: Display {
        guard isTerminal else { return Display(hasUnicode: hasUnicode) }
        let columns = environment("COLUMNS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        let hasColour = (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
        return Display(width: columns ?? terminalSize()?.columns ?? 80, hasColour: hasColour, hasUnicode: hasUnicode)
    }

    /// Whether the output can be redrawn in place: a terminal that moves its cursor.
    var hasScreen: Bool { isTerminal && !["", "dumb"].contains(environment("TERM") ?? "") }

    /// By the locale, as locale(7) has it: the first of these that is set says.
    private var hasUnicode: Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(environment).first { !$0.isEmpty } ?? "C"
        return ["utf8", "utf-8"].contains { locale.lowercased().contains(text: $0) }
    }
}
