// SPDX-License-Identifier: BSD-2-Clause

import SystemPackage
import Testing

@testable import PktmetaCommands
@testable import RegistryModel

/// What is said of a field that is refused, and what helps.
@Suite struct FieldWordsTests {
    private func refusal(_ body: () throws(PacketMetadataError) -> Void) throws -> PacketMetadataError {
        do throws(PacketMetadataError) {
            try body()
        } catch {
            return error
        }
        throw CancellationError()
    }

    private static func image(_ fields: FieldDefinition...) throws -> RegistryImage {
        var random = SystemRandomNumberGenerator()
        let empty = RegistryImage.empty(capacity: 32, createdAt: 0, using: &random)
        return try fields.reduce(empty) { image, field in
            image.applying(try image.registering(field, now: 1).steps)
        }
    }

    private static func field(
        _ name: String, _ type: FieldType, _ source: FieldSource = .none, _ sink: FieldSink = .none,
        owner: String = "", isPrivate: Bool = false
    ) throws -> FieldDefinition {
        try FieldDefinition(
            name: FieldName(name), type: type, source: source, sink: sink, owner: owner, isPrivate: isPrivate)
    }

    @Test(arguments: [
        ("", "it is empty"), (String(repeating: "x", count: 32), "it has 32 bytes"), ("9", "it starts with a digit"),
        ("a-b", "only A-Z, a-z, 0-9 and _ are allowed"),
        ("a___b", "three underscores in a row mean something else to CO-RE"),
        ("__a", "it starts with two underscores, which mean something else to CO-RE"),
    ])
    func names(text: String, reason: String) throws {
        let error = try refusal { () throws(PacketMetadataError) in _ = try FieldName(text) }
        #expect(error.message == "bad field name '\(text)': \(reason)")
        #expect(error.remedy == "A name is a C identifier of 1 to 31 bytes, such as tenant_id.")
    }

    @Test(arguments: [
        ("float", "there is no such type", "Types: \(FieldType.spellings)."),
        ("u23", "there is no such type", "Did you mean u32? Types: \(FieldType.spellings)."),
        ("bytes:0", "a value has 1 to 64 bytes", "For a field without bytes, use --type flag."),
        ("bytes:65", "a value has 1 to 64 bytes", nil),
    ])
    func types(text: String, reason: String, remedy: String?) throws {
        let error = try refusal { () throws(PacketMetadataError) in _ = try FieldType(text) }
        #expect(error.message == "bad type '\(text)': \(reason)")
        #expect(error.remedy == remedy)
    }

    @Test(arguments: [
        (
            "ktme", FieldType.u64, "there is no such source",
            Optional("Did you mean ktime? Sources: \(FieldSource.spellings).")
        ),
        ("paylaod:3", .u64, "there is no such source", "Did you mean payload? Sources: \(FieldSource.spellings)."),
        ("constant", .u8, "it needs an argument", "Sources: \(FieldSource.spellings)."),
        ("constant:1", .flag, "a flag has no value", "Sources: \(FieldSource.spellings)."),
        ("payload:65472", .u8, "the offset is a number of bytes from 0 to 65471", nil),
        ("payload:1", .flag, "a flag has no bytes to copy", nil),
        ("ktime", .u32, "it needs an integer type of at least 8 bytes, not u32", nil),
    ])
    func sources(text: String, type: FieldType, reason: String, remedy: String?) throws {
        let error = try refusal { () throws(PacketMetadataError) in _ = try FieldSource(text, type: type) }
        #expect(error.message == "bad source '\(text)': \(reason)")
        #expect(error.remedy == remedy)
    }

    @Test(arguments: [
        ("prioritty", "there is no such sink", "Did you mean priority? Sinks: \(FieldSink.spellings)."),
        ("mark:ff", "the mask is not a number of 32 bits, decimal or 0x...", nil),
        ("mark:0", "the mask has no bits", nil), ("mark:5", "the mask's bits are not adjacent", nil),
    ])
    func sinks(text: String, reason: String, remedy: String?) throws {
        let error = try refusal { () throws(PacketMetadataError) in _ = try FieldSink(text, type: .u32) }
        #expect(error.message == "bad sink '\(text)': \(reason)")
        #expect(error.remedy == remedy)
    }

    @Test(arguments: [
        (FieldType.u8, "A u8 is a number, decimal or 0x..., of at most 255."),
        (.be16, "A be16 is a number, decimal or 0x..., of at most 65535."),
        (.u32, "A u32 is a number, decimal or 0x..., of at most 4294967295."),
        (.u64, "A u64 is a number, decimal or 0x..., of at most 18446744073709551615."),
        (.flag, "A flag has no value."), (.ipv4, "An ipv4 is an address such as 192.0.2.1."),
        (.ipv6, "An ipv6 is an address such as 2001:db8::1."),
        (.mac, "A mac is an address such as 02:00:00:00:00:01."),
        (.bytes(3), "A bytes:3 is 0x and 6 hexadecimal digits."),
    ])
    func values(type: FieldType, remedy: String) throws {
        let error = try refusal { () throws(PacketMetadataError) in _ = try FieldValue("?", type: type) }
        #expect(error.message == "bad value '?': it does not fit the type \(type)")
        #expect(error.remedy == remedy)
    }

    @Test func definitions() throws {
        let name = try FieldName("a")
        let sink = try refusal { () throws(PacketMetadataError) in
            _ = try FieldDefinition(name: name, type: .u64, sink: .priority)
        }
        #expect(
            sink.message
                == "cannot register a: sink priority: it takes an integer type of at most 4 bytes, not u64")
        let known = try refusal { () throws(PacketMetadataError) in
            _ = try FieldDefinition(name: name, type: .u32, source: .rxHash)
        }
        #expect(known.message == "cannot register a: the source rx-hash is for the field rx_hash only")
        #expect(known.remedy?.hasSuffix("rx_vlan --type u16 --source rx-vlan.") == true)
        let sample = try refusal { () throws(PacketMetadataError) in
            _ = try FieldDefinition(name: name, type: .u64, source: .ktime, sample: 0)
        }
        #expect(sample.message == "cannot register a: a sample is one packet in 1 to 4294967295")
        let owner = try refusal { () throws(PacketMetadataError) in
            _ = try FieldDefinition(name: name, type: .u8, owner: "\u{1b}")
        }
        #expect(
            owner.message == "cannot register a: an owner has at most 31 bytes and no control characters")
    }

    @Test func whatIsTaken() throws {
        let image = try Self.image(Self.field("tenant", .u32, .ifindex, .mark(mask: 0xff), owner: "acme"))
        func words(_ asked: FieldDefinition) throws -> any RefusalWords {
            try refusal { () throws(PacketMetadataError) in _ = try image.registering(asked, now: 2) }.refusal.words
        }
        let name = try words(Self.field("tenant", .u64, isPrivate: true))
        #expect(
            name.reason
                == "the name is taken by a field of type u32, source ifindex, sink mark:0xff, owner acme; "
                + "asked for: type u64, source none, private")
        #expect(
            name.remedy
                == "Register it just so, or under another name; pktmeta inspect-map registry tenant shows it.")
        let sink = try words(Self.field("late", .u32, .none, .mark(mask: 0x180)))
        #expect(sink.reason == "its sink mark:0x180 overlaps mark:0xff, the sink of tenant")
        #expect(sink.remedy == "Name other bits with --sink mark:MASK, or pktmeta unregister-field tenant.")
        let space = try words(Self.field("wide", .bytes(16)))
        #expect(space.reason == "it needs 16 bytes, and 12 of 16 are free")
        #expect(
            space.remedy
                == "pktmeta unregister-field NAME frees space; pktmeta inspect-map registry shows who has it.")
        let large = try words(Self.field("large", .bytes(17)))
        #expect(large.reason == "it needs 17 bytes, and this registry's capacity of 32 has 16 for values")
        #expect(large.remedy?.contains("pktmeta create-registry --capacity 64 makes one") == true)
        let holes = FieldRefusal.spaceScattered(.u64, holes: [4..<12, 13..<16])
        #expect(
            holes.reason == "it needs 8 bytes aligned to 8, and none of the holes has them: 4-11, 13-15")
        #expect(holes.remedy?.hasPrefix("pktmeta compact closes holes; ") == true)
    }

    @Test func slots() throws {
        let image = try Self.image(Self.field("f28", .u8))
        #expect(FieldRefusal.slotsTaken(31, of: 31).reason == "all 31 slots hold fields")
        #expect(
            FieldRefusal.slotsTaken(2, of: 31).reason
                == "fields are in 2 of 31 slots, and the rest have used up their epochs or are damaged")
        let taken = FieldRefusal.slotTaken(31, by: image.fields.first)
        #expect(taken.reason == "its slot, 31, is that of the field f28")
        #expect(taken.remedy == "pktmeta unregister-field f28 frees it; ordinary fields take it last.")
        #expect(FieldRefusal.slotTaken(31, by: nil).reason == "its slot, 31, is damaged")
        #expect(FieldRefusal.slotTaken(31, by: nil).remedy == nil)
    }

    @Test(arguments: [
        (ImageRefusal.otherMap, "the map pinned there is not a registry"),
        (.damagedCapacity(31), "its capacity is 31 bytes"),
        (.otherABI(version: 2, own: 1), "it has ABI version 2, this pktmeta has 1"),
    ])
    func images(refusal: ImageRefusal, reason: String) {
        let error = PacketMetadataError(refusal).keeping(from: .useRegistry("/sys/fs/bpf/other"))
        #expect(error.message == "cannot use the registry /sys/fs/bpf/other: \(reason)")
        #expect(error.remedy?.contains("--registry") == (refusal.kind == .incompatibleABI ? true : nil))
    }

    @Test(arguments: [
        (RegistryProblem.Fault.damagedLayout, "the layout word is neither live nor free"),
        (.sizes(layout: 4, entry: 5), "its layout word has a size of 4 bytes, its entry of 5"),
        (.noType(code: .max, size: 4), "no type has code 4294967295 and 4 bytes"),
        (.newGeneration(Generation(502), current: Generation(500)), "generation 502 is newer than the registry's, 500"),
        (.notWellKnown(.rxHash), "the field rx_hash has the id 0x0100001e only"),
        (.overlap(with: 2), "its bytes overlap those of slot 2"),
        (.pastTheEnd(end: 57, valuesEnd: 56), "it ends at byte 57, and values end at byte 56"),
        (.badDefinition(.sourceIsWellKnown(.rxHash)), "the source rx-hash is for the field rx_hash only"),
    ])
    func problems(fault: RegistryProblem.Fault, words: String) {
        #expect(RegistryProblem(slot: 5, fault: fault).words == "slot 5: \(words)")
    }
}

/// Ids that fields are to have and cannot.
struct IDWordsTests {
    @Test func whatIsSaidOfAnID() throws {
        let definition = try FieldDefinition(name: FieldName("tenant"), type: .u32)
        let id = FieldID(rawValue: 0x0100_2a03)
        let field = RegisteredField(
            slot: 3, layout: LayoutWord(id, generation: Generation(1), offset: 12, size: 4), definition: definition,
            registeredAt: 0)
        #expect(FieldRefusal.impossibleID(FieldID(rawValue: 1)).reason == "no field can have the id 0x00000001")
        #expect(
            FieldRefusal.idIsWellKnown(.rxHash).reason == "rx_hash is a well-known field, whose id is 0x0100001e")
        #expect(
            FieldRefusal.idTaken(id, by: field).reason
                == "it cannot have the id 0x01002a03: its place is that of the field tenant, 0x01002a03")
        #expect(
            FieldRefusal.idTaken(id, by: nil).reason
                == "it cannot have the id 0x01002a03: that was, or may have been, another field's in this registry")
        let other = FieldRefusal.otherID(field, asked: FieldID(rawValue: 0x0100_0104))
        #expect(other.reason == "it is registered with the id 0x01002a03; asked for: 0x01000104")
        #expect(other.remedy?.hasSuffix("or pktmeta unregister-field tenant first.") == true)
    }
}
