// SPDX-License-Identifier: BSD-2-Clause

/// Words in lines of at most so many columns. A word that is longer stays whole, on a line of its own: a path, of which a
/// part would be of no use to anyone.
func wrapped(_ words: [String], to width: Int) -> [String] {
    var lines: [String] = []
    for word in words {
        if let last = lines.last, displayWidth(last) + 1 + displayWidth(word) <= width {
            lines[lines.count - 1] += " \(word)"
        } else {
            lines.append(word)
        }
    }
    return lines
}

/// A text in such lines, broken between its words.
func wrapped(_ text: String, to width: Int) -> [String] {
    wrapped(text.split(separator: " ").map(String.init), to: width)
}
