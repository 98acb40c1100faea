// SPDX-License-Identifier: BSD-2-Clause

import RegistryModel
import SystemPackage
import Testing

@testable import DeclarationFiles
@testable import PacketMetadata

/// What is written reads back to the same.
@Suite struct WritingTests {
    @Test func eachFormReadsBackToTheSame() throws {
        let declaration = try DocumentReadingTests.read(DocumentReadingTests.whole)
        let writer = DeclarationWriter(declaration)
        #expect(try DocumentReadingTests.read(writer.yaml).unplaced == declaration.unplaced)
        #expect(try DocumentReadingTests.read(writer.json).unplaced == declaration.unplaced)
        let again = DeclarationWriter(try DocumentReadingTests.read(writer.yaml))
        #expect(again.yaml == writer.yaml && again.json == writer.json)
    }

    @Test func theDocumentIsAsPeopleWriteIt() throws {
        let text = """
            owner: acme
            registry:
              mode-bits: "0640"
              group: "4294967294"
            fields:
              tenant:
                type: u32
                source: constant:7
              "y":
                type: u8
            interfaces:
              - name: "eth*"
                xdp: [prebuilt, /lib/police.bpf.o:police]
                tc-order: first
                tc: []
              - name: lan0
                xdp: prebuilt
                tc: prebuilt
                tc-order:
                  after: "12"
            netfilter:
              - hook: input
                program: /x
            layout:
              tenant:
                id: "0x01002a03"
                offset: 12

            """
        let declaration = try DocumentReadingTests.read(text)
        let expected = text.replacing("    tc-order: first\n    tc: []\n", with: "    tc: []\n    tc-order: first\n")
        #expect(DeclarationWriter(declaration).yaml == expected)
    }

    @Test(arguments: [
        "a b", "\"", "\\", "'", "#", "a: b", "a #b", "-", "- a", "?", "yes", "Null", "~", "12", "0x1f", "1e3", "é", "😀",
        "\u{85}x", "\u{2028}", "\u{1}", "\u{7f}", "\u{feff}", "\u{e0041}", "a:", ":a", "*", "&a", "!a", "[a]", "{a}",
        ",",
        "a, b", "%", "@", "`", " a ", "\n", "a\nb", "\t", "\r", "<<", "true",
    ])
    func eachTextReadsBackToTheSame(text: String) throws {
        var declaration = HostDeclaration(owners: ["acme"])
        let place = DocumentPlace(file: "", line: 1, column: 1)
        declaration.attachments = [
            AttachmentDeclaration(
                .interfaces("far0", netns: "a" + text),
                programs: [.tcIngress: [.prebuilt, .object(FilePath("/\(text)"), program: "p")]],
                placement: .before(text), owner: "acme", at: place)
        ]
        let writer = DeclarationWriter(declaration)
        #expect(try DocumentReadingTests.read(writer.yaml).unplaced == declaration.unplaced, "\(writer.yaml)")
        #expect(try DocumentReadingTests.read(writer.json).unplaced == declaration.unplaced, "\(writer.json)")
    }

    /// Other readers would take some texts for something else.
    @Test func onlyWhatIsATextToAllReadersHasNoQuotes() {
        for text in ["a", "constant:7", "/lib/police.bpf.o:police", "rx-timestamp", "filter+7", "a_b.c"] {
            #expect(OutputNode.isPlain(text), "\(text)")
        }
        for text in [
            "", "true", "False", "NULL", "yes", "no", "On", "off", "y", "N", "12", "0x1f", "1e3", "-1", ".5", "~", "a:",
            "a b",
        ] {
            #expect(!OutputNode.isPlain(text), "\(text)")
        }
    }

    @Test func severalOwnersAreTakenApart() throws {
        let files = try ScratchFiles()
        let paths = [
            try files.write(
                "a.yaml", "owner: a\nregistry: {capacity: 64}\nfields: {x: {type: u8}}\ninterfaces: [{name: i}]"),
            try files.write("b.yaml", "owner: b\nfields: {y: {type: u8}}\ncgroups: [{path: /c, sockets: all}]"),
        ]
        let apart = DeclarationWriter.apart(try DeclarationFiles.read(paths: paths))
        let alone = try paths.map { path in try DeclarationFiles.read(paths: [path]) }
        #expect(apart.map(\.unplaced) == alone.map(\.unplaced))
    }
}

extension HostDeclaration {
    /// The same, of which nothing says where it was declared.
    var unplaced: HostDeclaration {
        let nowhere = DocumentPlace(file: "", line: 1, column: 1)
        return HostDeclaration(
            registry: registry, owners: owners,
            fields: fields.map { FieldDeclaration($0.definition, requiresHardware: $0.requiresHardware, at: nowhere) },
            attachments: attachments.map {
                AttachmentDeclaration(
                    $0.target, programs: $0.programs, modes: $0.modes, placement: $0.placement, owner: $0.owner,
                    at: nowhere)
            },
            layout: layout.map { PlacedField($0.name, id: $0.id, offset: $0.offset) })
    }
}
