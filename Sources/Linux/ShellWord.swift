// SPDX-License-Identifier: BSD-2-Clause

/// A word as it is typed to a shell.
public enum ShellWord {
    /// A word that is nothing special to a shell is itself; one with bytes that are spelled (``SpelledBytes``), or are to
    /// be, is quoted so that the shell makes bytes of them.
    public static func quoted(_ word: String) -> String {
        let isPlain = word.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789_-./:@%+=,".unicodeScalars.contains(scalar))
        }
        if isPlain, !word.isEmpty { return word }
        let visible = SpelledBytes.visible(word)
        guard visible.contains("\\") else { return "'" + word.replacing("'", with: "'\\''") + "'" }
        return "$'" + visible.replacing("'", with: "\\'") + "'"
    }
}
