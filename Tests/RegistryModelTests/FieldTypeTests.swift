// SPDX-License-Identifier: BSD-2-Clause

import Testing

@testable import RegistryModel

@Suite("Field types")
struct FieldTypeTests {
    @Test(arguments: [
        ("flag", FieldType.flag), ("u8", .u8), ("u16", .u16), ("u32", .u32), ("u64", .u64), ("be16", .be16),
        ("be32", .be32), ("ipv4", .ipv4), ("ipv6", .ipv6), ("mac", .mac), ("bytes:1", .bytes(1)),
        ("bytes:7", .bytes(7)), ("bytes:64", .bytes(64)),
    ])
    func spellingsAreReadAndPrinted(text: String, type: FieldType) throws {
        #expect(try FieldType(text) == type)
        #expect(type.description == text)
    }

    @Test func eachSpellingIsInTheHelp() {
        #expect(FieldType.spellings == "flag, u8, u16, u32, u64, be16, be32, ipv4, ipv6, mac, bytes:N")
    }

    @Test(arguments: [
        "", "u128", "U32", " u32", "u32 ", "u32:4", "bytes", "bytes:", "bytes:x", "bytes:1:2", "bytes: 1", "bytes:1.0",
        ":", ":4", "Bytes:4",
    ])
    func unknownTypesAreRefused(text: String) throws {
        let error = try #require(refusal { () throws(PacketMetadataError) in try FieldType(text) })
        #expect(error.kind == .usage)
        #expect(error.action == .read(.type, text))
        #expect(error.field == .noSuchType(text))
    }

    @Test(arguments: ["bytes:0", "bytes:65", "bytes:256", "bytes:9223372036854775807"])
    func byteCountsOutOfRangeAreRefused(text: String) throws {
        let error = try #require(refusal { () throws(PacketMetadataError) in try FieldType(text) })
        #expect(error.kind == .usage)
        #expect(error.field == .badTypeSize(try #require(Int(text.dropFirst("bytes:".count)))))
    }

    static let layouts: [(type: FieldType, size: Int, alignment: Int)] = [
        (.flag, 0, 1), (.u8, 1, 1), (.u16, 2, 2), (.u32, 4, 4), (.u64, 8, 8), (.be16, 2, 2), (.be32, 4, 4),
        (.ipv4, 4, 4), (.ipv6, 16, 8), (.mac, 6, 2), (.bytes(1), 1, 1), (.bytes(2), 2, 2), (.bytes(3), 3, 1),
        (.bytes(6), 6, 2), (.bytes(7), 7, 1), (.bytes(8), 8, 8), (.bytes(12), 12, 4), (.bytes(20), 20, 4),
        (.bytes(24), 24, 8), (.bytes(63), 63, 1), (.bytes(64), 64, 8),
    ]

    @Test(arguments: layouts)
    func sizesAndAlignments(type: FieldType, size: Int, alignment: Int) {
        #expect(type.size == size)
        #expect(type.alignment == alignment)
    }

    @Test func onlyNumbersAreIntegers() {
        let integers: Set<FieldType> = [.u8, .u16, .u32, .u64, .be16, .be32]
        for type in everyType { #expect(type.isInteger == integers.contains(type)) }
    }

    /// The numbers are part of the ABI.
    @Test(arguments: [
        (FieldType.flag, UInt32(1)), (.u8, 2), (.u16, 3), (.u32, 4), (.u64, 5), (.be16, 6), (.be32, 7), (.ipv4, 8),
        (.ipv6, 9), (.mac, 10), (.bytes(1), 11), (.bytes(8), 11), (.bytes(64), 11),
    ])
    func codes(type: FieldType, code: UInt32) {
        #expect(type.code == code)
        #expect(FieldType(code: code, size: type.size) == type)
    }

    @Test func codesWithAnotherSizeAreNoType() {
        var known: Set<FieldType> = []
        for code in UInt32(0)...20 {
            for size in 0...255 {
                guard let type = FieldType(code: code, size: size) else { continue }
                #expect(type.code == code && type.size == size)
                known.insert(type)
            }
        }
        #expect(known.count == 10 + 64)
        #expect(FieldType(code: .max, size: 4) == nil)
        #expect(FieldType(code: 11, size: -1) == nil)
    }
}
