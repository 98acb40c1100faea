// SPDX-License-Identifier: BSD-2-Clause

import Linux
import PktmetaCommands
import Testing

@testable import PktmetaCommands

@Suite struct DisplayTests {
    @Test(arguments: [
        ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("東京", 4), ("ｱ", 1), ("한", 2), ("🙂", 2), ("🇩🇪", 2), ("👩‍👩‍👧", 2),
        ("❤️", 2), ("│…█", 3),
    ])
    func widths(text: String, columns: Int) {
        #expect(displayWidth(text) == columns)
    }

    @Test func cuttingKeepsWithinTheWidth() {
        let display = Display()
        #expect(display.cut("abcdef", to: 6) == "abcdef")
        #expect(display.cut("abcdef", to: 4) == "abc…")
        #expect(display.cut("東京都", to: 4) == "東…")
        #expect(display.cut("abc", to: 0) == "")
        #expect(Display(hasUnicode: false).cut("abcdef", to: 4) == "abc~")
    }

    @Test func cuttingKeepsThePaint() {
        let display = Display(hasColour: true)
        let line = "│" + display.paint("東京", .dim) + "│" + display.paint("abc", .red)
        #expect(display.cut(painted: Substring(line), to: 9) == line)
        #expect(display.cut(painted: Substring(line), to: 8) == "│\u{1b}[2m東京\u{1b}[0m│\u{1b}[31ma…\u{1b}[0m")
        #expect(display.cut(painted: Substring(line), to: 4) == "│\u{1b}[2m東…\u{1b}[0m\u{1b}[31m\u{1b}[0m")
        #expect(display.cut(painted: "abc", to: 2) == "a…")
    }

    @Test(arguments: [
        (true, ["TERM": "xterm"], true), (true, ["TERM": "dumb"], false), (true, [:], false),
        (true, ["TERM": ""], false), (false, ["TERM": "xterm"], false),
    ])
    func screens(isTerminal: Bool, environment: [String: String], hasScreen: Bool) {
        let context = Context(
            output: { _ in }, errors: { _ in }, bytes: { _ in }, isTerminal: isTerminal, environment: environment)
        #expect(context.hasScreen == hasScreen)
    }

    @Test func namesOfOthersMoveNoCursor() {
        #expect(printable("eth0\u{1b}[2J\n\u{9b}\u{202e}") == "eth0\\x1b[2J\\x0a\\xc2\\x9b\\xe2\\x80\\xae")
        #expect(printableLines("one\n\ttwo\r") == "one\n\ttwo\\x0d")
        for text in ["東京", "é", "👨‍👩‍👧", "a\\x1b", ""] { #expect(printable(text) == text) }
    }

    /// What is spelled means the same bytes again.
    @Test func bytesAreSpelledAndRead() {
        for bytes: [UInt8] in [
            [], Array("plain".utf8), [0xff], [0x61, 0xff, 0x62, 0xc3], [0xe2, 0x80], [0xc3, 0xa9, 0x80],
            [0x5c, 0x78, 0x67],
        ] {
            let text = SpelledBytes.text(bytes)
            #expect(SpelledBytes.bytes(text) == bytes, "\(text)")
            #expect(SpelledBytes.bytes(SpelledBytes.visible(text)) == bytes)
        }
        #expect(SpelledBytes.text([0x61, 0xff, 0x62]) == "a\\xffb")
        #expect(SpelledBytes.bytes("a\\xFFb\\x1\\xzz") == Array("a".utf8) + [0xff] + Array("b\\x1\\xzz".utf8))
    }

    @Test(arguments: [
        ("eth0", "eth0"), ("veth@1:2", "veth@1:2"), ("a;b", "'a;b'"), ("it's", "'it'\\''s'"), ("", "''"),
        ("a\u{1b}'", "$'a\\x1b\\''"), ("a\\xff", "$'a\\xff'"), ("é", "'é'"),
    ])
    func wordsAreQuotedForAShell(word: String, quoted: String) {
        #expect(ShellWord.quoted(word) == quoted)
    }

    @Test func tablesAlignTextLeftAndNumbersRight() {
        var table = Table(columns: [.text("A"), .number("LONG"), .text("Z")])
        table.rows = [["x", "1", ""], ["longer", "12345", "end"], ["東京", "2", "é"]]
        #expect(table.text == "A        LONG  Z\nx           1\nlonger  12345  end\n東京        2  é")
    }

    @Test func tablesLeaveOutWhatDoesNotFitAndSaySo() {
        var table = Table(columns: [
            .text("NAME"), .number("COUNT", dispensability: 1), .text("NOTE", dispensability: 2),
        ])
        table.rows = [["abcdefghij", "12345", "words"]]
        #expect(table.text(for: Display(width: 24)) == table.text)
        #expect(table.text(for: Display(width: 23)) == "NAME        COUNT\nabcdefghij  12345\nno room for: NOTE")
        #expect(table.text(for: Display(width: 8)).hasPrefix("NAME\nabcdefg…\n"))
    }

    @Test(arguments: [
        ([:], false, true), (["NO_COLOR": "1"], false, false), (["TERM": "dumb"], false, false),
        (["LANG": "de_DE.UTF-8"], true, true), (["LANG": "C.utf8", "LC_ALL": "C"], false, true),
        (["NO_COLOR": ""], false, true),
    ])
    func environments(environment: [String: String], hasUnicode: Bool, hasColour: Bool) {
        var context = Context(
            output: { _ in }, errors: { _ in }, bytes: { _ in }, isTerminal: true,
            terminalSize: { Terminal.Size(rows: 10, columns: 33) }, environment: environment)
        #expect(context.display == Display(width: 33, hasColour: hasColour, hasUnicode: hasUnicode))
        context.isTerminal = false
        #expect(context.display == Display(width: nil, hasColour: false, hasUnicode: hasUnicode))
    }

    @Test(arguments: [
        (0, "0"), (0.04, "0.0"), (9.94, "9.9"), (9.96, "10"), (9999, "9999"), (9999.6, "10.0k"), (1_234_567, "1.2M"),
        (3e9, "3.0G"),
    ])
    func rates(value: Double, text: String) {
        #expect(rate(value) == text)
    }

    @Test func histograms() {
        var counts = [UInt64](repeating: 0, count: 65)
        (counts[0], counts[1], counts[3], counts[64]) = (1, 4, 8, 100)
        let histogram = Histogram(counts: counts, display: .plain)
        #expect(histogram.line.count == 65)
        #expect(histogram.line.hasPrefix("▁▁ ▁"))
        #expect(histogram.line.hasSuffix(" █"))
        let rows = histogram.rows(width: 80)
        #expect(rows.count == 65)
        #expect(rows[3].contains("4..7"))
        #expect(rows[64].hasPrefix("9223372036854775808..18446744073709551615  100  █"))
        #expect(rows[64].count == 80)
        #expect(Histogram(counts: [], display: .plain).line.isEmpty)
        #expect(Histogram(counts: [0, 0], display: .plain).rows(width: 10).isEmpty)
    }
}

struct ShellWordTests {
    /// What a shell makes of a word is the word, whatever somebody has put into it.
    @Test(arguments: ["sh", "bash"])
    func literalsAreWhatTheySay(shell: String) throws {
        for word in [
            "\\';id;#", "a\\b", "\\", "'", "$(id)", "`id`", "a b", "--help", "*", "!x", "\\x41", "ö\u{202e}", "$'x'",
        ] {
            let run = try ChildProcess.run([shell, "-c", "printf %s \(ShellWord.literal(word))"])
            #expect(run.status == 0 && run.output == word, "\(word): \(run.output)")
        }
    }

    /// Of what people type to their shell: spelled bytes become bytes, and a backslash stays one.
    @Test func quotedWordsAreOneWord() throws {
        for word in ["\\';id;#", "a\\b", "\\", "a'b\\c", "x\ty", "$(id)", "\\\\'", "a\n'b"] {
            let run = try ChildProcess.run([
                "bash", "-c", "printf %s \(ShellWord.quoted(word)) | od -An -tx1 | tr -d ' \\n'",
            ])
            let bytes = SpelledBytes.bytes(word).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(run.output == bytes, "\(word) as \(ShellWord.quoted(word))")
        }
    }
}
