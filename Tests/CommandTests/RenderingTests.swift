// SPDX-License-Identifier: BSD-2-Clause

import PktmetaABI
import TestSupport
import Testing

@testable import PktmetaCommands
@testable import RegistryModel

/// A registry and its state, made up in memory.
private enum Example {
    static func registry() throws -> RegistryImage {
        let generation = Generation(41)
        var image = RegistryImage(
            word: RegistryWord(tag: 0x4d, generation: generation, pending: generation, capacity: 64), revision: 1,
            createdAt: 1_700_000_000_000_000_000,
            slots: RegistryImage.fieldSlots.map { _ in SlotImage(lastEpoch: 6) })
        let fields = [
            ("tenant", "u32", "constant:7", "mark:0xff00", "edge"), ("trace_id", "bytes:16", "none", "none", "tracing"),
            ("port", "be16", "payload:36", "none", ""), ("trusted", "flag", "constant", "none", "edge"),
        ]
        for (name, type, source, sink, owner) in fields {
            let type = try FieldType(type)
            let definition = try FieldDefinition(
                name: FieldName(name), type: type, source: FieldSource(source, type: type),
                sink: FieldSink(sink, type: type), sample: name == "port" ? 100 : 1, owner: owner)
            image = image.applying(try image.registering(definition, now: 1_700_000_001_000_000_000).steps)
        }
        return image
    }

    static let time: UInt64 = 90_000_000_000

    static func state(_ field: RegisteredField) -> FieldState {
        var state = pktmeta_state()
        state.id = field.id.rawValue
        state.set = 1000
        state.got = 990
        state.not_set = 3
        state.get_refused.2 = 7
        if field.name.text == "tenant" { (state.sunk, state.not_sunk) = (980, 10) }
        if field.name.text != "trace_id" {
            state.values = 990
            state.last_time = 87_500_000_000
            state.minimum = 7
            state.maximum = 4739
            state.last_value.0 = 0x12
            state.last_value.1 = 0x83
            state.histogram.3 = 400
            state.histogram.13 = 590
        }
        return FieldState(perCPU: [encode(state)], field: field)
    }

    static func inspection(_ view: InspectionView) throws -> Inspection {
        let image = try registry()
        var area = pktmeta_area_state()
        area.made = 1000
        area.found = 997
        area.refused.5 = 2
        area.stale = 4
        return Inspection(
            path: "/sys/fs/bpf/pktmeta", view: view, image: image,
            fields: image.fields.map { .init(field: $0, state: view.showsState ? state($0) : nil) },
            area: view.showsState ? AreaState(perCPU: [encode(area)]) : nil, time: time)
    }
}

@Suite struct RenderingTests {
    @Test(arguments: ["registry", "state", "both"])
    func inspections(view: String) throws {
        let inspection = try Example.inspection(#require(InspectionView(rawValue: view)))
        try expectSnapshot(InspectionRendering(inspection).text, "inspection-\(view).txt")
        try expectSnapshot(InspectionDocument(inspection).json, "inspection-\(view).json")
    }

    @Test func anEmptyRegistry() throws {
        let generation = Generation(1)
        let image = RegistryImage(
            word: RegistryWord(tag: 1, generation: generation, pending: generation, capacity: 32), revision: 1,
            createdAt: 0, slots: RegistryImage.fieldSlots.map { _ in SlotImage() })
        let inspection = Inspection(path: "/r", view: .registry, image: image, fields: [], area: nil, time: 0)
        #expect(InspectionRendering(inspection).text == "/r: 0 fields in 0 of 24 bytes, generation 1, tag 0x01")
    }

    @Test func damageIsShown() throws {
        var image = try Example.registry()
        image[2].layout = LayoutWord(isLive: true, epoch: 7, generation: Generation(41), offset: 60, size: 16)
        let inspection = Inspection(path: "/r", view: .registry, image: image, fields: [], area: nil, time: 0)
        #expect(InspectionRendering(inspection).text.hasSuffix("damaged: slot 2: it ends at byte 76 of an area of 64"))
    }

    @Test func errorsForPeopleAndPrograms() {
        let error = PacketMetadataError(
            .taken, "cannot register x", reason: "no \"space\"", remedy: "unregister y", details: "line 1\nline 2")
        #expect(
            ErrorRendering(error, isVerbose: false).text == "pktmeta: cannot register x: no \"space\"\n  unregister y")
        #expect(ErrorRendering(error, isVerbose: true).text.hasSuffix("\nline 1\nline 2"))
        #expect(
            ErrorRendering(error, isVerbose: false).json == """
                {
                  "error" : {
                    "details" : "line 1\\nline 2",
                    "exitCode" : 73,
                    "kind" : "taken",
                    "reason" : "no \\"space\\"",
                    "remedy" : "unregister y",
                    "summary" : "cannot register x"
                  },
                  "version" : 1
                }
                """)
    }

    @Test func exitCodesAreThoseOfSysexits() {
        let codes = PacketMetadataError.Kind.allCases.map { ("\($0)", $0.exitCode) }
        #expect(
            Dictionary(uniqueKeysWithValues: codes) == [
                "usage": 64, "badData": 65, "notFound": 66, "unsupported": 69, "system": 70, "taken": 73, "busy": 75,
                "missingPrivilege": 77, "incompatibleABI": 78, "interrupted": 130,
            ])
    }

    @Test func tablesAlignTextLeftAndNumbersRight() {
        var table = Table(columns: [.text("A"), .number("LONG"), .text("Z")])
        table.rows = [["x", "1", ""], ["longer", "12345", "end"]]
        #expect(table.text == "A        LONG  Z\nx           1\nlonger  12345  end")
    }
}
