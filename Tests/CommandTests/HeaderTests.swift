// SPDX-License-Identifier: BSD-2-Clause

import TestSupport
import Testing

@testable import PktmetaCommands
@testable import RegistryModel

@Suite struct HeaderTests {
    private func field(
        _ name: String, _ type: String, slot: Int = 1, source: String = "none", sample: Int = 1, owner: String = ""
    ) throws -> RegisteredField {
        let type = try FieldType(type)
        let definition = try FieldDefinition(
            name: FieldName(name), type: type, source: FieldSource(source, type: type), sample: sample, owner: owner)
        let layout = LayoutWord(
            FieldID(rawValue: 0x0100_0700 | UInt32(slot)), generation: Generation(41), offset: 8, size: type.size)
        return RegisteredField(
            slot: slot, layout: layout, definition: definition, registeredAt: 1_700_000_001_999_999_999)
    }

    /// One of each type; named .h, so that `make lint` sees its style too.
    private func fields() throws -> [RegisteredField] {
        try [
            field("trusted", "flag", slot: 1, source: "constant", owner: "edge"),
            field("class", "u8", slot: 2, source: "constant:3"), field("zone", "u16", slot: 3),
            field("tenant", "u32", slot: 4, owner: "edge team/*Zürich*/"),
            field("seen_at", "u64", slot: 5, source: "ktime", sample: 100),
            field("port", "be16", slot: 6, source: "payload:36"), field("label", "be32", slot: 7),
            field("sender", "ipv4", slot: 8, source: "constant:192.0.2.1"), field("sender6", "ipv6", slot: 9),
            field("station", "mac", slot: 10, source: "constant:02:00:5e:10:00:ff"),
            field("trace_id", "bytes:16", slot: 11), field("parent_id", "bytes:16", slot: 12),
            field("digest", "bytes:7", slot: 13, source: "constant:0x01020304050607"),
        ]
    }

    @Test func oneOfEachType() throws {
        let text = HeaderRendering(try fields(), path: "/sys/fs/bpf/pktmeta").text
        #expect(text.hasSuffix("/* PKTMETA_FIELDS_H */\n"))
        try expectSnapshot(String(text.dropLast()), "fields.h")
    }

    @Test func theOrderOfFieldsDoesNotMatter() throws {
        let fields = try fields()
        let text = HeaderRendering(fields, path: "/r").text
        for _ in 0..<5 { #expect(HeaderRendering(fields.shuffled(), path: "/r").text == text) }
    }

    @Test func aRegistryWithoutFields() {
        let text = HeaderRendering([], path: "/r").text
        #expect(text.contains("#ifndef PKTMETA_FIELDS_H"))
        #expect(!text.contains("static"))
    }

    @Test(arguments: [
        ("edge", "edge"), ("a/b", "a/b"), ("*/", "_/"), ("/*", "/_"), ("**//**//", "__//__//"),
        ("Zürich 9", "Zürich 9"),
        ("end\\", "end_"), ("what??/", "what__/"), ("a\nb", "a_b"), ("x\u{202e}y", "x_y"), ("naïve\u{7f}", "naïve_"),
        ("🦊", "_"), ("//", "//"),
    ])
    func ownersAreSafeInComments(owner: String, text: String) {
        #expect(commentText(owner) == text)
        #expect(!commentText(owner).contains("*"))
    }
}
