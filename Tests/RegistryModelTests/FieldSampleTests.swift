// SPDX-License-Identifier: BSD-2-Clause

import PktmetaABI
import Testing

@testable import RegistryModel

@Suite("Samples")
struct FieldSampleTests {
    static func define(_ sample: Int, source: FieldSource = .ktime) throws(PacketMetadataError) -> FieldDefinition {
        try FieldDefinition(name: FieldName("seen_at"), type: .u64, source: source, sample: sample)
    }

    @Test(arguments: [1, 2, 10, 4_294_967_295])
    func entriesKeepTheSample(sample: Int) throws {
        let definition = try Self.define(sample)
        let bytes = SlotImage(layout: live(24..<32), definition: definition).entry
        #expect(Array(bytes[160..<164]) == encode(UInt32(sample == 1 ? 0 : sample)))
        #expect(SlotImage(layout: live(24..<32), entry: bytes).definition == definition)
        #expect(definition.sourceDescription == (sample == 1 ? "ktime" : "ktime, 1 in \(sample)"))
    }

    @Test(arguments: [0, -1, 4_294_967_296, .min, .max])
    func outOfRange(sample: Int) throws {
        let error = try #require(refusal { () throws(PacketMetadataError) in try Self.define(sample) })
        #expect(error.kind == .usage)
        #expect(error.field == .badSample(sample))
    }

    @Test func onlyWithASource() throws {
        let error = try #require(refusal { () throws(PacketMetadataError) in try Self.define(2, source: .none) })
        #expect(error.kind == .usage)
        #expect(error.field == .sampleWithoutSource)
        #expect(try Self.define(1, source: .none).sample == 1)

        let definition = try Self.define(1, source: .none)
        var entry = decode(SlotImage(layout: live(24..<32), definition: definition).entry, as: pktmeta_entry.self)
        entry.sample = 3
        let slot = SlotImage(layout: live(24..<32), entry: encode(entry))
        #expect(slot.definition == nil)
        #expect(slot.fault == .badDefinition(.sampleWithoutSource))
    }

    @Test func anotherSampleIsAnotherDefinition() throws {
        var image = RegistryImage(capacity: 64)
        image = image.applying(try image.registering(Self.define(10), now: 1).steps)
        #expect(try image.registering(Self.define(10), now: 1).steps.isEmpty)
        let error = try #require(
            refusal { () throws(PacketMetadataError) in try image.registering(Self.define(20), now: 1) })
        #expect(error.kind == .taken)
        #expect(error.field == .nameTaken(asked: try Self.define(20), by: image.fields[0]))
    }
}
