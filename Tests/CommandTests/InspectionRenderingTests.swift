// SPDX-License-Identifier: BSD-2-Clause

import PktmetaABI
import Testing

@testable import PacketMetadata
@testable import PktmetaCommands
@testable import RegistryModel

/// `inspect-map` as people and programs see it.
@Suite struct InspectionRenderingTests {
    @Test(arguments: ["registry", "state", "both", "field"])
    func views(view: String) throws {
        let report = try InspectionExample.report(#require(InspectionView(rawValue: view)))
        try expectSnapshot(InspectionRendering(report, .plain).text, "inspection-\(view).txt")
        try expectSnapshot(report.document.json, "inspection-\(view).json")
    }

    @Test(arguments: [80, 200])
    func terminals(width: Int) throws {
        let display = Display(width: width)
        let text = InspectionRendering(try InspectionExample.reportWithRates(.both), display).text
        try expectSnapshot(text, "inspection-\(width).txt")
        #expect(text.split(separator: "\n").allSatisfy { displayWidth(String($0)) <= width })
    }

    /// Whoever copies one from a narrow terminal gets all of it.
    @Test(arguments: [40, 60, 80]) func idsAndValuesAreWhole(width: Int) throws {
        let report = try InspectionExample.report(.both)
        let words = InspectionRendering(report, Display(width: width)).text.split { " \n".contains($0) }
        for entry in report.inspection.fields {
            #expect(words.contains(Substring(entry.field.id.description)), "\(entry.field.name)")
            if let value = entry.state?.last?.value.description, !value.contains(" ") {
                #expect(words.contains(Substring(value)), "\(entry.field.name)")
            }
        }
    }

    @Test(arguments: [80, 200])
    func aFullRegistry(width: Int) throws {
        let image = try InspectionExample.registry(InspectionExample.all, capacity: 128)
        #expect(image.fields.count == 31)
        let text = InspectionRendering(try InspectionExample.report(.registry, image), Display(width: width)).text
        try expectSnapshot(text, "inspection-full-\(width).txt")
    }

    @Test func ratesAreInTheDocument() throws {
        let line = try InspectionExample.reportWithRates(.state).document.jsonLine
        #expect(!line.contains("\n"))
        #expect(line.contains(#""rates":{"got":0,"notSet":0,"refused":20,"set":1000}"#))
    }

    @Test func colourIsForTerminalsAndASCIIForTheRest() throws {
        let report = try InspectionExample.report(.both)
        let coloured = InspectionRendering(report, Display(width: 80, hasColour: true)).text
        try expectSnapshot(coloured, "inspection-colour.txt")
        let ascii = InspectionRendering(
            try InspectionExample.report(.field, InspectionExample.registry([InspectionExample.few[0]])),
            Display(hasUnicode: false)
        ).text
        #expect(ascii.utf8.allSatisfy { $0 < 0x80 })
        #expect(ascii.contains("####"))
        #expect(!InspectionRendering(report, .plain).text.contains("\u{1b}"))
    }

    @Test func anEmptyRegistry() throws {
        let image = RegistryImage(
            word: RegistryWord(capacity: 32, identity: 1, generation: 1), revision: 1,
            createdAt: 0, slots: RegistryImage.fieldSlots.map { _ in SlotImage() })
        let text = InspectionRendering(try InspectionExample.report(.registry, image), .plain).text
        try expectSnapshot(text, "inspection-empty.txt")
    }

    @Test func damageIsShown() throws {
        var image = try InspectionExample.registry()
        image[2].layout = LayoutWord(
            FieldID(rawValue: 0x0100_0702), generation: Generation(41), offset: 48, size: 16)
        let text = InspectionRendering(try InspectionExample.report(.registry, image), .plain).text
        #expect(text.hasSuffix("damaged: slot 2: it ends at byte 64, and values end at byte 56"))
        #expect(text.contains("│slot 2?"))
    }

    @Test func whatWasUnregisteredIsReleased() throws {
        var image = try InspectionExample.registry()
        let trace = try #require(image.field(named: FieldName("trace_id")))
        image[trace.slot].layout = LayoutWord(
            goneOf: 7, generation: Generation(42), offset: trace.layout.offset, size: 16)
        let text = InspectionRendering(try InspectionExample.report(.registry, image), .plain).text
        #expect(text.contains("│released╌╌╌"))
        #expect(text.contains("released: 16 bytes, free with the next change"))
    }
}
