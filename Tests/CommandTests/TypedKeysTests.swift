// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import PktmetaCommands

@Suite struct TypedKeysTests {
    private static func keys(_ text: String) -> [String] {
        var typed = TypedKeys()
        typed.append(Array(text.utf8))
        var keys: [String] = []
        while !typed.isEmpty { keys.append(typed.next()) }
        return keys
    }

    @Test(arguments: [
        ("", []), ("q", ["q"]), ("srq", ["s", "r", "q"]), ("\u{1b}", ["\u{1b}"]),
        ("\u{1b}[B\u{1b}[Bq", ["\u{1b}[B", "\u{1b}[B", "q"]), ("\u{1b}[6~s", ["\u{1b}[6~", "s"]),
        ("\u{1b}OAj", ["\u{1b}OA", "j"]), ("\u{1b}[1;5Ak", ["\u{1b}[1;5A", "k"]), ("\u{1b}q", ["\u{1b}", "q"]),
        ("\u{3}\u{3}", ["\u{3}", "\u{3}"]),
    ])
    func severalAtOnce(text: String, keys: [String]) {
        #expect(Self.keys(text) == keys)
    }

    @Test func oneInParts() {
        var typed = TypedKeys()
        for part in ["\u{1b}", "[", "6"] {
            typed.append(Array(part.utf8))
            #expect(typed.isPartial, "\(part)")
        }
        typed.append(Array("~".utf8))
        #expect(!typed.isPartial)
        #expect(typed.next() == "\u{1b}[6~")
        #expect(typed.next().isEmpty)
    }

    @Test(arguments: ["", "q", "\u{1b}[A", "q\u{1b}", "\u{1b}q"])
    func whole(text: String) {
        var typed = TypedKeys()
        typed.append(Array(text.utf8))
        #expect(!typed.isPartial)
    }
}
