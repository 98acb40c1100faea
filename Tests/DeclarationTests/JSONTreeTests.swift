// SPDX-License-Identifier: BSD-2-Clause

import RegistryModel
import SystemPackage
import Testing

@testable import DeclarationFiles
@testable import PacketMetadata

/// JSON, to the letter, and what a network's configuration says.
@Suite struct JSONTreeTests {
    private static func tree(_ text: String) throws -> JSONTree {
        try JSONTree(DocumentText(Array(text.utf8), named: "x"), named: "x", mostLevels: 4)
    }

    private static func text(_ json: String) throws -> String? {
        if case .text(let text, _) = try tree(json).root.value { text } else { nil }
    }

    @Test(arguments: [
        (#""""#, ""), (#""\ud83d\ude00\u00e9é""#, "😀éé"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        ("0", "0"), ("-0.5e+10", "-0.5e+10"), ("12345678901234567890", "12345678901234567890"), (" true\n", "true"),
        ("null", "null"), (#""a\u2028b""#, "a\u{2028}b"),
    ])
    func whatTextsMean(json: String, text: String) throws { #expect(try Self.text(json) == text) }

    @Test(arguments: [
        ("", 1, 1), ("{", 1, 2), ("[1,]", 1, 4), ("{\"a\":1,}", 1, 8), ("{a:1}", 1, 2), ("[1 2]", 1, 4), ("01", 1, 1),
        ("1.", 1, 1), ("+1", 1, 1), ("1e", 1, 1), ("True", 1, 1), ("'a'", 1, 1), ("\"a", 1, 3), ("\"\\x\"", 1, 2),
        ("\"\\ud83d\"", 1, 2), ("\"\\ude00\"", 1, 2), ("\"\\ud83d\\u0041\"", 1, 2), ("\"\\u00g0\"", 1, 2),
        ("\"a\tb\"", 1, 3), ("\"\\u0000\"", 1, 2), ("{}\n {}", 2, 2), ("[[[[[]]]]]", 1, 5),
        ("{\"é\":\n\r\n\r  ?}", 4, 3),
    ])
    func whatIsNoJSONIsSaidWithItsPlace(json: String, line: Int, column: Int) throws {
        do {
            _ = try Self.tree(json)
            Issue.record("\(json) was read")
        } catch let error as DocumentError {
            #expect(error.fault.place == DocumentPlace(file: "x", line: line, column: column), "\(error.fault)")
        }
    }

    /// In a document too, whatever libyaml makes of them.
    @Test func aDocumentHasPairsOfEscapes() throws {
        let text = #"{"owner": "\ud83d\ude00", "interfaces": [{"name": "e"}]}"#
        let declaration = try DeclarationFiles.read(text: text, named: "x")
        #expect(declaration.owners == ["😀"])
        #expect(declaration.attachments.map(\.place) == [DocumentPlace(file: "x", line: 1, column: 42)])
    }
}
