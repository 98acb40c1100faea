// SPDX-License-Identifier: BSD-2-Clause

/// A word as it is typed to a shell.
public enum ShellWord {
    /// A word that is nothing special to a shell is itself; one with bytes that are spelled (``SpelledBytes``), or are to
    /// be, is quoted so that the shell makes bytes of them.
    public static func quoted(_ word: String) -> String {
        let visible = SpelledBytes.visible(word)
        if SpelledBytes.bytes(visible) == Array(visible.utf8) { return literal(word) }
        // What is spelled stays; of any other backslash the shell is to make one.
        var quoted = ""
        var rest = visible[...]
        while let letter = rest.popFirst() {
            let isSpelled = letter == "\\" && SpelledBytes.bytes("\\" + rest.prefix(3)).count == 1
            quoted += ["\\", "'"].contains(letter) && !isSpelled ? "\\\(letter)" : String(letter)
        }
        return "$'\(quoted)'"
    }

    /// A word for any shell of POSIX (XCU 2.2.2): whatever is in it stands for itself.
    public static func literal(_ word: String) -> String {
        isPlain(word)
            ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// Whether a word is nothing special to a shell.
    private static func isPlain(_ word: String) -> Bool {
        !word.isEmpty
            && word.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII
                    && (scalar.properties.isAlphabetic || "0123456789_-./:@%+=,".unicodeScalars.contains(scalar))
            }
    }
}
