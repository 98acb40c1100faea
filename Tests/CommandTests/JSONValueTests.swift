// SPDX-License-Identifier: BSD-2-Clause

import FoundationEssentials
import SystemPackage
import Testing

@testable import BenchCommands
@testable import PacketMetadata
@testable import PktmetaCommands
@testable import RegistryModel

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

    /// A number of 64 bits cannot be put into an object without its text.
    @Test func longNumbersHaveTexts() {
        let document = Document(value: [
            "small": .number(UInt32.max), "long": .number(UInt64.max), "counts": .counts([("a", 1 << 53 + 1)]),
            "none": .counts([]), "list": .array([.number(UInt64.max), .number(UInt64(0))]), "size": .number(7),
            "mixed": .table(of: [.init(key: "x", value: .number(UInt64(3))), .init(key: "y", value: .flag(true))]),
        ])
        #expect(
            document.jsonLine == #"{"counts":{"a":9007199254740993},"countsText":{"a":"9007199254740993"},"#
                + #""list":[18446744073709551615,0],"listText":["18446744073709551615","0"],"#
                + #""long":18446744073709551615,"longText":"18446744073709551615","#
                + #""mixed":{"x":3,"y":true},"mixedText":{"x":"3"},"none":{},"noneText":{},"#
                + #""size":7,"small":4294967295}"#)
    }

    /// Who reads numbers as doubles, as JavaScript and jq do, still has all digits of each.
    @Test func eachDocumentIsExactForReadersWithDoubles() throws {
        let packet = WatchedPacket(
            time: .max - 7, ifindex: 2, interface: "eth0", length: 60, etherType: 0x806, flow: nil,
            fields: [.init(name: try FieldName("number"), value: try FieldValue("9007199254740993", type: .u64))])
        let image = try InspectionExample.registry()
        let documents: [any JSONDocument] = [
            PacketDocument(packet, bootTime: 0), DroppedDocument(dropped: .max),
            try InspectionExample.reportWithRates(.both).document, StatusDocument(StatusRenderingTests.report),
            RegistrationDocument(try #require(image.fields.first), isNew: true), CompactionDocument(image.fields),
            BenchmarkDocument(BenchmarkRenderingTests.report), FileDocument(file: "x", size: 7),
            LayoutDocument(try RecordedFields(ofMap: image.bytes, path: "/r").layout(withIDs: true), hasIDs: true),
        ]
        for document in documents { expectTexts(document.value, nil, "\(type(of: document))") }
        let line = Data(documents[0].jsonLine.utf8)
        let seen = try JSONDecoder().decode(PacketOfDoubles.self, from: line)
        #expect(seen.timeText == "18446744073709551608" && seen.fieldsText == ["number": "9007199254740993"])
        // Which the numbers no longer say.
        #expect(seen.time == 18_446_744_073_709_551_616 && seen.fields == ["number": 9_007_199_254_740_992])
    }

    private struct PacketOfDoubles: Decodable {
        let time: Double
        let timeText: String
        let fields: [String: Double]
        let fieldsText: [String: String]
    }

    /// - Parameter text: what is beside the value.
    private func expectTexts(_ value: JSONValue, _ text: JSONValue?, _ place: String) {
        switch value {
        case .long(let number): #expect(text == .digits(number), "\(place)")
        case .signed(let number): #expect(number.magnitude < 1 << 53, "\(place)")
        case .null, .flag, .unsigned, .fraction, .text, .digits, .digitsOfArray, .digitsOfTable: break
        case .array(let elements):
            if text == .digitsOfArray(elements) { return }
            for (index, element) in elements.enumerated() { expectTexts(element, nil, "\(place)/\(index)") }
        case .object(let members):
            for member in members {
                let text = members.first { $0.key == member.key + JSONValue.textSuffix }
                expectTexts(member.value, text?.value, "\(place)/\(member.key)")
            }
        case .table(let members): #expect(text == .digitsOfTable(members), "\(place)")
        }
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
        case .long(let number): try container.encode(number)
        case .fraction(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        case .digits(let number): try container.encode(String(number))
        case .array(let elements): try container.encode(elements)
        case .digitsOfArray(let elements):
            try container.encode(
                elements.compactMap { if case .long(let number) = $0 { String(number) } else { nil } })
        case .digitsOfTable(let members):
            try container.encode(
                Dictionary(
                    uniqueKeysWithValues: members.compactMap { member in
                        if case .long(let number) = member.value { (member.key, String(number)) } else { nil }
                    }))
        case .object(let members), .table(let members):
            try container.encode(Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value) }))
        }
    }
}
