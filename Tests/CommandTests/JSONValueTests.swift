// SPDX-License-Identifier: BSD-2-Clause

import FoundationEssentials
import Testing

@testable import PktmetaCommands

/// Our JSON is, to the byte, what Foundation's encoder makes of the same values, but for what a terminal would obey.
@Suite struct JSONValueTests {
    static let sample: JSONValue = [
        "z": .flag(true), "Z": .flag(false), "_": .null, "": .text("empty key"), "é": .text("é"), "ﬀ": .text("ﬀ"),
        "a1": .number(UInt64.max), "a10": .number(Int.min), "a2": .number(0), "a_2": .number(UInt8(7)), "absent": nil,
        "nothing": .array([]), "noKeys": [:],
        "quote\"": .texts(["a/b", "back\\slash", "\u{fffd}😀"]),
        "control": .text(String(String.UnicodeScalarView((0..<0x20).map { Unicode.Scalar(UInt8($0)) }))),
        "nested": .array([["deep": .array([.array([.number(1)]), .array([]), .null])], [:]]),
        "counts": .counts([("2", 3), ("10", 2), ("1", 1)]),
        "numbers": .array(
            [
                0, -0.0, 1, -1, 0.1, 1e15, 1e16, 1e17, 123_456_789.125, 1e-5, .leastNonzeroMagnitude,
                .greatestFiniteMagnitude,
                .greatestFiniteMagnitude, 1000.001,
            ].map(JSONValue.fraction)),
    ]

    struct Document: JSONDocument {
        let value: JSONValue
    }

    @Test func itIsWhatFoundationWrites() throws {
        try expectTheSame(Document(value: Self.sample))
        try expectTheSame(Document(value: .array([])))
        try expectTheSame(try InspectionExample.report(.both).document)
        try expectTheSame(try InspectionExample.reportWithRates(.state).document)
    }

    @Test func whatATerminalWouldObeyIsEscaped() throws {
        let text = "\u{7f}\u{80}\u{9b}2J\u{202e}\u{2028}\u{e0041}é"
        let line = Document(value: .text(text)).jsonLine
        #expect(line == #""\u007f\u0080\u009b2J\u202e\u2028\udb40\udc41é""#)
        #expect(try JSONDecoder().decode(String.self, from: Data(line.utf8)) == text)
    }

    private func expectTheSame(_ document: some JSONDocument) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        #expect(document.json == String(decoding: try encoder.encode(document.value), as: UTF8.self))
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        #expect(document.jsonLine == String(decoding: try encoder.encode(document.value), as: UTF8.self))
    }
}

extension JSONValue: Encodable {
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .flag(let flag): try container.encode(flag)
        case .unsigned(let number): try container.encode(number)
        case .signed(let number): try container.encode(number)
        case .fraction(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        case .array(let elements): try container.encode(elements)
        case .object(let members):
            try container.encode(Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value) }))
        }
    }
}
