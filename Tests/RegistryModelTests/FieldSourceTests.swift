// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

@Suite("Field sources")
struct FieldSourceTests {
    struct Spelling: Sendable {
        let text: String
        let type: FieldType
        let source: FieldSource
        let code: UInt32

        init(_ text: String, _ type: FieldType, _ source: FieldSource, _ code: UInt32) {
            (self.text, self.type, self.source, self.code) = (text, type, source, code)
        }
    }

    static let spellings = [
        Spelling("none", .flag, .none, 0), Spelling("none", .bytes(5), .none, 0),
        Spelling("constant", .flag, .constant([]), 1), Spelling("constant:42", .u8, .constant([42]), 1),
        Spelling("constant:258", .be16, .constant([1, 2]), 1),
        Spelling("constant:10.0.0.1", .ipv4, .constant([10, 0, 0, 1]), 1),
        Spelling("constant:::1", .ipv6, .constant([UInt8](repeating: 0, count: 15) + [1]), 1),
        Spelling("constant:02:00:00:00:00:01", .mac, .constant([2, 0, 0, 0, 0, 1]), 1),
        Spelling("constant:0x0102", .bytes(2), .constant([1, 2]), 1),
        Spelling("ifindex", .u32, .ifindex, 2), Spelling("rx-queue", .u16, .rxQueue, 3),
        Spelling("packet-length", .u64, .packetLength, 4), Spelling("flow-hash", .be32, .flowHash, 5),
        Spelling("sequence", .u64, .sequence, 6), Spelling("ktime", .u64, .ktime, 7),
        Spelling("payload:0", .bytes(64), .payload(offset: 0), 8),
        Spelling("payload:12", .be16, .payload(offset: 12), 8),
        Spelling("payload:65471", .u8, .payload(offset: 65_471), 8),
    ]

    @Test(arguments: spellings)
    func spellingsAreReadAndPrinted(_ spelling: Spelling) throws {
        #expect(try FieldSource(spelling.text, type: spelling.type) == spelling.source)
        #expect(spelling.source.description(type: spelling.type) == spelling.text)
    }

    /// The numbers are part of the ABI. What a source has no use for is not looked at.
    @Test(arguments: spellings)
    func codes(_ spelling: Spelling) {
        #expect(spelling.source.code == spelling.code)
        var (offset, constant) = (99_999, [UInt8](repeating: 0xee, count: 65))
        if case .payload(let its) = spelling.source { offset = its }
        if case .constant(let its) = spelling.source { constant = its }
        let source = FieldSource(code: spelling.code, offset: offset, constant: constant, type: spelling.type)
        #expect(source == spelling.source)
    }

    @Test(arguments: ["constant:VALUE", "payload:OFFSET", "rx-queue", "none", "packet-length", "ktime"])
    func theHelpNamesThem(text: String) {
        #expect(FieldSource.spellings.split(separator: ", ").contains { $0 == text })
    }

    @Test(arguments: [
        "", "None", "ifindex:", "ifindex:1", "none:", "rx_queue", " ifindex", "payload", "payload 4", "constant", ":",
    ])
    func unknownSourcesAreRefused(text: String) throws {
        let error = try #require(refusal { () throws(PacketMetadataError) in try FieldSource(text, type: .u32) })
        #expect(error.kind == .usage)
        #expect(error.action == .read(.source, text))
        let kind = text.split(separator: ":", omittingEmptySubsequences: false).first.map(String.init) ?? ""
        #expect(
            error.field
                == (["payload", "constant"].contains(text) ? .sourceNeedsArgument(text) : .noSuchSource(kind)))
    }

    @Test(arguments: [
        "payload:", "payload:x", "payload:-1", "payload:65472", "payload:0x10", "payload: 1", "payload:1:2",
    ])
    func payloadOffsetsOutOfRangeAreRefused(text: String) throws {
        let error = try #require(refusal { () throws(PacketMetadataError) in try FieldSource(text, type: .u8) })
        #expect(error.kind == .usage)
        #expect(error.action == .read(.source, text))
        #expect(error.field == .badPayloadOffset(String(text.dropFirst("payload:".count))))
    }

    @Test(arguments: [
        ("constant:256", FieldType.u8), ("constant:", .u8), ("constant:x", .u32),
        ("constant:0x01", .bytes(2)), ("constant:1", .ipv4), ("constant::", .ipv6),
    ])
    func constantsOfAnotherTypeAreRefused(text: String, type: FieldType) throws {
        let error = try #require(refusal { () throws(PacketMetadataError) in try FieldSource(text, type: type) })
        #expect(error.kind == .usage)
        #expect(error.field == .badValue(String(text.dropFirst("constant:".count)), type))
    }

    /// Which of all types each source has values of.
    static let fits: [(text: String, source: FieldSource, types: Set<FieldType>)] = [
        ("none", .none, Set(everyType)),
        ("rx-queue", .rxQueue, [.u16, .u32, .u64, .be16, .be32]),
        ("ifindex", .ifindex, [.u32, .u64, .be32]),
        ("packet-length", .packetLength, [.u32, .u64, .be32]),
        ("flow-hash", .flowHash, [.u32, .u64, .be32]),
        ("sequence", .sequence, [.u32, .u64, .be32]),
        ("ktime", .ktime, [.u64]),
        ("payload:14", .payload(offset: 14), Set(everyType).subtracting([.flag])),
    ]

    @Test(arguments: fits)
    func mismatchesAreRefusedEverywhere(text: String, source: FieldSource, types: Set<FieldType>) throws {
        for type in everyType {
            let read = refusal { () throws(PacketMetadataError) in try FieldSource(text, type: type) }
            let defined = refusal { () throws(PacketMetadataError) in try define("tenant", type, source: source) }
            let decoded = FieldSource(code: source.code, offset: 14, constant: [], type: type)
            if types.contains(type) {
                #expect(read == nil && defined == nil)
                #expect(decoded == source)
            } else {
                #expect(read?.kind == .usage && defined?.kind == .usage, "\(text) is taken for \(type)")
                #expect(decoded == nil)
            }
        }
    }

    @Test(arguments: everyType)
    func aConstantHasTheSizeOfItsType(type: FieldType) {
        for size in 0...65 {
            let bytes = [UInt8](repeating: 1, count: size)
            #expect((FieldSource.constant(bytes).mismatch(with: type) == nil) == (size == type.size))
            #expect((FieldSource(code: 1, offset: 0, constant: bytes, type: type) == nil) == (size != type.size))
        }
        let right = FieldSource.constant([UInt8](repeating: 1, count: type.size))
        #expect(refusal { () throws(PacketMetadataError) in try define("tenant", type, source: right) } == nil)
    }

    @Test func unknownCodesAreNoSource() {
        for code in [12, 13, 255, 256, UInt32.max] {
            #expect(FieldSource(code: code, offset: 0, constant: [0, 0, 0, 0], type: .u32) == nil)
        }
        #expect(FieldSource(code: 8, offset: 65_472, constant: [], type: .u8) == nil)
    }
}
