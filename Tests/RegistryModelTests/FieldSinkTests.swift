// SPDX-License-Identifier: BSD-2-Clause

import PktmetaABI
import TestSupport
import Testing

@testable import RegistryModel

@Suite("Sinks")
struct FieldSinkTests {
    @Test(arguments: [
        ("none", FieldSink.none, "none"),
        ("mark", .mark(mask: 0xffff_ffff), "mark"),
        ("mark:0xffffffff", .mark(mask: 0xffff_ffff), "mark"),
        ("mark:0xff00", .mark(mask: 0xff00), "mark:0xff00"),
        ("mark:65280", .mark(mask: 0xff00), "mark:0xff00"),
        ("mark:1", .mark(mask: 1), "mark:0x1"),
        ("mark:0x80000000", .mark(mask: 0x8000_0000), "mark:0x80000000"),
        ("priority", .priority, "priority"),
        ("queue-mapping", .queueMapping, "queue-mapping"), ("rx-hash", .rxHash, "rx-hash"),
        ("tstamp", .tstamp, "tstamp"), ("vlan", .vlan, "vlan"),
    ])
    func readAndWritten(text: String, sink: FieldSink, description: String) throws {
        let type = sink == .tstamp ? FieldType.u64 : .u32
        #expect(try FieldSink(text, type: type) == sink)
        #expect(sink.description == description)
        #expect(FieldSink(code: sink.code, mask: sink.mask, type: type) == sink)
    }

    @Test(arguments: [
        ("", FieldRefusal.noSuchSink("")), ("marks", .noSuchSink("marks")), ("priority:1", .noSuchSink("priority:1")),
        ("none:", .noSuchSink("none:")), ("Mark", .noSuchSink("Mark")), ("mark:", .badMask("")),
        ("mark:-1", .badMask("-1")), ("mark:0x100000000", .badMask("0x100000000")),
        ("mark:ff", .badMask("ff")), ("mark:0xff:1", .badMask("0xff:1")),
        ("mark:0", .badSink(.mark(mask: 0), .emptyMask)), ("mark:5", .badSink(.mark(mask: 5), .scatteredMask)),
        ("mark:0xf00f", .badSink(.mark(mask: 0xf00f), .scatteredMask)),
    ])
    func refused(text: String, expected: FieldRefusal) throws {
        let error = try #require(refusal { () throws(PacketMetadataError) in try FieldSink(text, type: .u32) })
        #expect(error.kind == .usage)
        #expect(error.action == .read(.sink, text))
        #expect(error.field == expected)
    }

    @Test func onlyIntegersThatFit() throws {
        for type in everyType {
            #expect(try FieldSink("none", type: type) == .none)
            for text in ["mark", "mark:0xf0", "priority", "queue-mapping", "rx-hash", "tstamp", "vlan"] {
                let fits = type.isInteger && (text == "tstamp" ? type.size == 8 : type.size <= 4)
                let error = refusal { () throws(PacketMetadataError) in try FieldSink(text, type: type) }
                #expect((error == nil) == fits, "\(text) \(type)")
                if let error {
                    let mismatch = text == "tstamp" ? FieldSink.Mismatch.notTime(type) : .notInteger(type, most: 4)
                    let sink = try FieldSink(text, type: text == "tstamp" ? .u64 : .u32)
                    #expect(error.field == .badSink(sink, mismatch))
                }
            }
        }
        let error = refusal { () throws(PacketMetadataError) in
            try FieldDefinition(name: FieldName("a"), type: .u64, sink: .priority)
        }
        #expect(error?.kind == .usage)
    }

    /// skb->tstamp is of CLOCK_REALTIME, and the producer's time of CLOCK_MONOTONIC.
    @Test func noTimeOfAnotherClock() throws {
        let error = refusal { () throws(PacketMetadataError) in
            try FieldDefinition(name: FieldName("a"), type: .u64, source: .ktime, sink: .tstamp)
        }
        #expect(error?.field == .otherClock(.ktime, .tstamp))
        _ = try FieldDefinition(name: FieldName("a"), type: .u64, source: .none, sink: .tstamp)
    }

    @Test func overlaps() {
        let masks: [FieldSink] = [
            .mark(mask: 0xff), .mark(mask: 0xff00), .priority, .queueMapping, .rxHash, .tstamp, .vlan, .none,
        ]
        for (i, a) in masks.enumerated() {
            for (j, b) in masks.enumerated() { #expect(a.overlaps(b) == (i == j && a != .none)) }
        }
        #expect(FieldSink.mark(mask: 0x1ff).overlaps(.mark(mask: 0xff00)))
        #expect(FieldSink.mark(mask: 1).overlaps(.mark(mask: FieldSink.wholeMark)))
    }

    // MARK: In a registry

    @Test func entriesKeepTheSink() throws {
        for sink in [FieldSink.none, .mark(mask: 0x7f80), .priority, .queueMapping, .rxHash, .tstamp, .vlan] {
            let type = sink == .tstamp ? FieldType.u64 : .u16
            let definition = try FieldDefinition(name: FieldName("tenant"), type: type, sink: sink)
            let place = 16..<16 + type.size
            let bytes = SlotImage(layout: live(place), definition: definition).entry
            #expect(SlotImage(layout: live(place), entry: bytes).definition == definition)
            #expect(Array(bytes[152..<156]) == encode(sink.code))
            #expect(Array(bytes[156..<160]) == encode(sink.mask))
        }
    }

    @Test(arguments: [(UInt32(7), UInt32(0)), (.max, 0), (1, 0), (1, 5)])
    func entriesThatMakeNoSenseAreNoFields(code: UInt32, mask: UInt32) throws {
        let definition = try FieldDefinition(name: FieldName("tenant"), type: .u16)
        var entry = decode(SlotImage(layout: live(20..<22), definition: definition).entry, as: pktmeta_entry.self)
        (entry.sink, entry.sink_mask) = (code, mask)
        let slot = SlotImage(layout: live(20..<22), entry: encode(entry))
        #expect(slot.definition == nil)
        #expect(slot.fault == .badSink)
    }

    @Test func overlappingSinksAreRefused() throws {
        var image = RegistryImage(capacity: 64)
        func register(_ name: String, _ sink: FieldSink) throws(PacketMetadataError) {
            let definition = try FieldDefinition(name: FieldName(name), type: .u32, sink: sink)
            image = image.applying(try image.registering(definition, now: 1).steps)
        }
        try register("low", .mark(mask: 0xff))
        try register("high", .mark(mask: 0xff00))
        try register("first", .priority)
        for (sink, other) in [
            (FieldSink.mark(mask: 0x1f0), "low"), (.mark(mask: 0x8000), "high"),
            (.mark(mask: FieldSink.wholeMark), "low"), (.priority, "first"),
        ] {
            let error = try #require(refusal { () throws(PacketMetadataError) in try register("late", sink) })
            #expect(error.kind == .taken)
            guard case .sinkTaken(let asked, let field) = error.field else { return #expect(Bool(false), "\(error)") }
            #expect(asked.sink == sink && field.name.text == other)
        }
        try register("late", .mark(mask: 0xff0000))
        // Registered just so is no overlap with itself.
        try register("late", .mark(mask: 0xff0000))
        let other = try #require(
            refusal { () throws(PacketMetadataError) in try register("late", .mark(mask: 0xff00_0000)) })
        guard case .nameTaken(let asked, let field) = other.field else { return #expect(Bool(false), "\(other)") }
        #expect(asked.sink == .mark(mask: 0xff00_0000) && field.definition.sink == .mark(mask: 0xff0000))
    }

    @Test func countsOfAllCPUsAreAddedUp() throws {
        let definition = try FieldDefinition(name: FieldName("tenant"), type: .u32, sink: .priority)
        let field = RegisteredField(slot: 1, layout: live(20..<24), definition: definition, registeredAt: 0)
        let cpus = [(UInt64(3), UInt64(1)), (5, 7)].map { sunk, notSunk in
            var cpu = CountedCPU()
            (cpu[PKTMETA_COUNTER_SUNK, 1], cpu[PKTMETA_COUNTER_NOT_SUNK, 1]) = (sunk, notSunk)
            return cpu.bytes
        }
        let state = FieldState(StateImage(perCPU: cpus), field)
        #expect(state.sunk == 8 && state.notSunk == 8)
    }
}
