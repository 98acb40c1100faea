// SPDX-License-Identifier: BSD-2-Clause

import PktmetaABI
import SystemPackage
import Testing

@testable import RegistryModel

@Suite("Entries of the registry map")
struct RegistryImageCodingTests {
    static let sources: [FieldSource] = [
        .none, .ifindex, .rxQueue, .packetLength, .flowHash, .sequence, .ktime, .payload(offset: 0),
        .payload(offset: 65_471),
    ]

    /// Each type with each source that has values of it.
    static let definitions: [FieldDefinition] = everyType.flatMap { type in
        let constant = FieldSource.constant((0..<UInt8(type.size)).map { 0xff - $0 })
        return (sources + [constant]).compactMap {
            try? define("tenant_\(type.size)", type, source: $0, owner: "acme corp., Zürich")
        }
    }

    @Test func manyDefinitionsAreTried() {
        #expect(Self.definitions.count == 19 * 2 + 5 + 4 * 3 + 1 + 18 * 2)
    }

    @Test(arguments: definitions)
    func definitionsAreReadAsTheyWereWritten(definition: FieldDefinition) throws {
        var image = RegistryImage(capacity: 248, generation: 77)
        let (steps, field) = try image.registering(definition, now: 1_700_000_000_123_456_789)
        image = image.applying(steps)
        let reread = try image.reread()
        #expect(reread.fields == [field])
        #expect(reread.fields.first?.definition == definition)
        #expect(reread.word == image.word)
        #expect(reread.revision == 2)
        #expect(reread.createdAt == image.createdAt)
        #expect(reread[field.slot].lastEpoch == field.layout.epoch)
        #expect(reread.problems.isEmpty)
        #expect(reread.bytes == image.bytes)
    }

    /// Where abi.h has each member.
    @Test func bytesOfAnEntry() throws {
        let definition = try define("tenant", .be32, source: .payload(offset: 0x0102), owner: "me")
        var slot = SlotImage(layout: live(20..<24, epoch: 42, generation: 0x1234), definition: definition)
        (slot.registeredAt, slot.lastEpoch) = (0x0102_0304_0506_0708, 0x2a2b)
        let bytes = slot.entry
        #expect(bytes.count == 248)
        #expect(Array(bytes[0..<32]) == Array("tenant".utf8) + [UInt8](repeating: 0, count: 26))
        #expect(Array(bytes[32..<64]) == Array("me".utf8) + [UInt8](repeating: 0, count: 30))
        #expect(decode(Array(bytes[64..<72]), as: UInt64.self) == 0x0102_0304_0506_0708)
        #expect(decode(Array(bytes[72..<76]), as: UInt32.self) == 7, "be32")
        #expect(decode(Array(bytes[76..<80]), as: UInt32.self) == 8, "payload")
        #expect(decode(Array(bytes[80..<84]), as: UInt32.self) == 0x0102)
        #expect(decode(Array(bytes[84..<86]), as: UInt16.self) == 0x2a2b)
        #expect(bytes[86] == 4, "size")
        #expect(bytes[87...].allSatisfy { $0 == 0 })

        slot.definition = try define("tenant", .be32, source: .constant([1, 2, 3, 4]))
        #expect(Array(slot.entry[76..<84]) == encode(UInt32(1)) + encode(UInt32(0)))
        #expect(Array(slot.entry[88..<248]) == [1, 2, 3, 4] + [UInt8](repeating: 0, count: 156))
    }

    @Test func bytesOfARegistry() throws {
        var image = RegistryImage(capacity: 64, generation: 0x1234)
        let slot = SlotImage(
            layout: live(20..<24, slot: 31, epoch: 42, generation: 0x1234), definition: try define("tenant", .u32))
        image[31] = slot
        let bytes = image.bytes
        #expect(bytes.count == 8192)
        #expect(decode(bytes, as: UInt64.self) == 0x5240_579a_0000_1234)
        #expect(decode(Array(bytes[8..<16]), as: UInt64.self) == 0x0000_00ff_0000_0000, "PKTMETA_NO_FIELD")
        #expect(bytes[16..<256].allSatisfy { $0 == 0 })
        #expect(decode(Array(bytes[256..<264]), as: UInt64.self) == 0x0100_2a1f_040c_1234)
        #expect(decode(Array(bytes[264..<272]), as: UInt64.self) == 1, "revision")
        #expect(decode(Array(bytes[272..<280]), as: UInt64.self) == image.createdAt)
        #expect(decode(Array(bytes[280..<284]), as: UInt32.self) == 2, "ABI")
        #expect(decode(Array(bytes[284..<288]), as: UInt32.self) == 16, "statistics of one packet in 16")
        #expect(bytes[288..<504].allSatisfy { $0 == 0 })
        #expect(Array(bytes[7944...]) == slot.entry)
    }

    @Test func textsOfFullLengthAreTerminated() throws {
        let text = String(repeating: "n", count: 31)
        let definition = try define(text, .u8, owner: String(repeating: "ö", count: 15) + "!")
        let slot = SlotImage(layout: live(20..<21), definition: definition)
        #expect(slot.entry[31] == 0 && slot.entry[63] == 0)
        #expect(SlotImage(layout: slot.layout, entry: slot.entry).definition == definition)
    }

    @Test func aNewRegistryHasNoProblems() throws {
        var random = SplitMix64(seed: 7)
        let image = RegistryImage.empty(capacity: 64, createdAt: 5, using: &random)
        let reread = try image.reread()
        #expect(reread.problems.isEmpty && reread.fields.isEmpty && reread.recovery().isEmpty)
        #expect(reread.word == image.word && reread.createdAt == 5 && reread.revision == 1)
        #expect(RegistryImage.fieldSlots.allSatisfy { reread[$0].lastEpoch == image[$0].lastEpoch })
        #expect(Set(RegistryImage.fieldSlots.map { image[$0].lastEpoch }).count > 25, "epochs start at random")
        #expect(RegistryImage.fieldSlots.allSatisfy { image[$0].lastEpoch < 1 << 14 })
        let other = RegistryImage.empty(capacity: 64, createdAt: 5, using: &random)
        #expect(other.word.generation != image.word.generation && other.word.identity != image.word.identity)
    }

    // MARK: Slot 0

    @Test(arguments: [
        (UInt64(0), ImageRefusal.otherMap),
        (0x0100_2a01_0400_1234, .otherMap),
        (0x61ab_1234_1234_4000, .otherMap),
        (.max, .otherMap),
        (0x5200_579a_0000_1234, .damagedCapacity(0)),
        (0x521f_579a_0000_1234, .damagedCapacity(31)),
        (0x52f9_579a_0000_1234, .damagedCapacity(249)),
    ])
    func whatIsNoRegistryIsBadData(word: UInt64, expected: ImageRefusal) throws {
        let error = try #require(refusal { () throws(PacketMetadataError) in try Self.image(word: word) })
        #expect(error.kind == .badData)
        #expect(error.refusal as? ImageRefusal == expected)
        #expect(error.action == .useRegistry("/sys/fs/bpf/other"))
    }

    @Test(arguments: [
        (UInt64(0x50ab_1234_1234_4000), 0), (0x51ab_1234_1234_4000, 1), (0x5fab_1234_1234_4000, 15),
        (0x51ab_1234_1234_0000, 1),
    ])
    func anotherABIVersionIsNamed(word: UInt64, version: Int) throws {
        let error = try #require(refusal { () throws(PacketMetadataError) in try Self.image(word: word) })
        #expect(error.kind == .incompatibleABI)
        #expect(error.refusal as? ImageRefusal == .otherABI(version: version, own: 2))
    }

    private static func image(word: UInt64) throws(PacketMetadataError) -> RegistryImage {
        let bytes = encode(word) + RegistryImage().bytes.dropFirst(8)
        return try RegistryImage(bytes: bytes, path: "/sys/fs/bpf/other")
    }

    // MARK: Texts

    @Test func textsEndAtTheFirstNUL() {
        #expect(decodeText(UInt64(littleEndian: 0x6463_0062_61)) == "ab")
        #expect(decodeText(UInt32(0)) == "")
        #expect(decodeText(UInt32(0x6161_6161)) == nil)
        #expect(decodeText(UInt32(littleEndian: 0x0000_00ff)) == nil, "no UTF-8")
        #expect(decodeText(UInt32(littleEndian: 0xff00_0061)) == "a")
    }
}
