// SPDX-License-Identifier: BSD-2-Clause

import SystemPackage
import Testing

@testable import RegistryModel

/// What a layout's digest depends on, and what it does not.
@Suite("Layout text") struct LayoutTextTests {
    static func layout(_ image: RegistryImage, withIDs: Bool = false) throws -> LayoutText {
        try RecordedFields(ofMap: image.bytes, path: "/r").layout(withIDs: withIDs)
    }

    private static func registry() throws -> RegistryImage {
        var image = RegistryImage()
        try image.register("trace", .u64)
        try image.register("tenant", .u32)
        try image.register("trusted", .flag)
        return image
    }

    @Test func theText() throws {
        let layout = try Self.layout(Self.registry())
        #expect(
            layout.text == """
                pktmeta-layout 1
                abi 2
                capacity 64
                field tenant u32 16
                field trace u64 8
                field trusted flag -

                """)
        // By sha256sum(1).
        #expect(layout.digest == "7fd467830e1dd79ce0566dfc94457ebba25b48cb59a26cfd100a1ea5811dd42d")
        #expect(
            try Self.layout(Self.registry(), withIDs: true).lines == [
                "pktmeta-layout 1 ids", "abi 2", "capacity 64", "field tenant u32 16 0x01000102",
                "field trace u64 8 0x01000101", "field trusted flag - 0x01000103",
            ])
        let empty = RegistryImage()
        #expect(try Self.layout(empty).lines == ["pktmeta-layout 1", "abi 2", "capacity 64"])
        #expect(try Self.layout(empty).digest != Self.layout(empty, withIDs: true).digest)
    }

    /// The same names, types and places, from another owner, with sources, by another way.
    @Test func howItCameAboutDoesNotCount() throws {
        var other = RegistryImage(generation: 500, lastEpoch: 77)
        let trace = try other.registering(
            FieldDefinition(name: FieldName("trace"), type: .u64, source: .ktime, sample: 3, owner: "acme"), now: 9)
        other = other.applying(trace.steps)
        let gone = try other.register("gone", .u32)
        other.unregister(gone)
        try other.register("trusted", .flag, source: .constant([]))
        try other.register("tenant", .u32)
        let (one, two) = try (Self.layout(Self.registry()), Self.layout(other))
        #expect(one == two && one.digest == two.digest)
        #expect(try Self.layout(Self.registry(), withIDs: true) != Self.layout(other, withIDs: true))
    }

    @Test func eachPartCounts() throws {
        let digest = try Self.layout(Self.registry()).digest
        func differs(_ change: (inout RegistryImage) throws -> Void, capacity: Int = 64) throws -> Bool {
            var image = RegistryImage(capacity: capacity)
            try change(&image)
            return try Self.layout(image).digest != digest
        }
        func register(_ fields: [(String, FieldType)], in image: inout RegistryImage) throws {
            for (name, type) in fields { try image.register(name, type) }
        }
        let fields: [(String, FieldType)] = [("trace", .u64), ("tenant", .u32), ("trusted", .flag)]
        #expect(try !differs { try register(fields, in: &$0) })
        #expect(try differs({ try register(fields, in: &$0) }, capacity: 128))
        #expect(try differs { try register(fields.dropLast(), in: &$0) })
        #expect(try differs { try register(fields + [("more", .u8)], in: &$0) })
        #expect(try differs { try register([("trace", .u64), ("tenants", .u32), ("trusted", .flag)], in: &$0) })
        #expect(try differs { try register([("trace", .u64), ("tenant", .be32), ("trusted", .flag)], in: &$0) })
        #expect(try differs { try register([("tenant", .u32), ("trace", .u64), ("trusted", .flag)], in: &$0) })
    }

    /// Entries and layout words have been the same since ABI 1, and areas have not.
    @Test func anEarlierABIHasALayoutOfItsOwn() throws {
        let image = try Self.registry()
        let bytes = encode(UInt64(0x51ab_1234_1234_4000)) + image.bytes.dropFirst(8)
        let old = try RecordedFields(ofMap: bytes, path: "/r").layout(withIDs: false)
        let new = try Self.layout(image)
        #expect(old.digest != new.digest)
        #expect(old.lines == new.lines.map { $0 == "abi 2" ? "abi 1" : $0 })
    }
}
