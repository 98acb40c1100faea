// SPDX-License-Identifier: BSD-2-Clause

import Linux
import RegistryModel
import SystemPackage
import Testing

@testable import DeclarationFiles
@testable import PacketMetadata
@testable import PktmetaCommands

/// What people are told of documents that are wrong.
@Suite struct DeclarationWordsTests {
    private static func message(_ text: String) -> String? {
        do throws(PacketMetadataError) {
            _ = try DocumentReadingTests.read(text)
            return nil
        } catch {
            return ErrorRendering(error).text
        }
    }

    @Test func oneFaultIsOneLine() {
        #expect(
            Self.message("owner: a\nfields: {x: {typ: u8}}")?.split(separator: "\n").map(String.init) == [
                "pktmeta: cannot read the declaration: 2 faults", "  d.yaml:2:10: type is missing",
                "  d.yaml:2:14: there is no key typ here. Did you mean type? Keys: type, source, sample, sink, private, sockets, hardware",
            ])
        #expect(
            Self.message("owner: a\nfields: {x: {type: u9}}") == """
                pktmeta: cannot read the declaration: d.yaml:2:20: bad type 'u9': there is no such type
                  Did you mean u8? Types: flag, u8, u16, u32, u64, be16, be32, ipv4, ipv6, mac, bytes:N.
                """)
    }

    @Test func noneIsNoProgram() {
        #expect(
            Self.message("owner: a\ninterfaces: [{name: e, xdp: none}]")?.contains("none names no program") == true)
    }

    @Test func eachProblemHasWords() {
        let place = DocumentPlace(file: "a.yaml", line: 3, column: 5)
        let problems: [(DocumentFault.Problem, String)] = [
            (.controlCharacter(7), "a document has no character U+0007"),
            (.tab, "lines are indented by blanks, and here is a tab"),
            (.duplicateKey("x", first: place), "x is said again; first at a.yaml:3:5"),
            (.wrongKind(.list, needs: [.text, .mapping]), "here is to be a text or a mapping, and this is a list"),
            (.notOneOf(["path", "unit"], areThere: true), "only one of path and unit can be said"),
            (.notOneOf(["path", "unit"], areThere: false), "path or unit is missing"),
            (.keyWithout("mode", of: ["xdp"]), "mode is said of xdp, and there is none"),
            (
                .unknownWord("natvie", among: ["auto", "native"]),
                "there is no natvie here. Did you mean native? Words: auto, native"
            ),
            (.cycle(["a", "b", "a"]), "files include each other: a, then b, then a"),
            (
                .include("/x", .unreadable(.noSuchFileOrDirectory)),
                "cannot include /x: No such file or directory (ENOENT)"
            ),
        ]
        for (problem, words) in problems {
            let refusal = DeclarationRefusal([DocumentFault(at: place, problem)])
            #expect(refusal.reason == "a.yaml:3:5: \(words)")
        }
        let access = DocumentFault(file: "/x y", .file(.writable("/x y", .init(owner: 0, group: 0, bits: 0o666))))
        #expect(DeclarationRefusal([access]).reason == "/x y: others than its owner may write to /x y (666)")
        #expect(DeclarationRefusal([access]).remedy == "chmod go-w '/x y' keeps others from it.")
    }

    @Test(arguments: [DocumentFault.FileProblem.unreadable(.noSuchFileOrDirectory), .noDocuments])
    func whoHasNoDocumentsIsToldHowToBegin(problem: DocumentFault.FileProblem) {
        let refusal = DeclarationRefusal([DocumentFault(file: "/etc/pktmeta.d", .file(problem))])
        #expect(refusal.remedy?.hasPrefix("pktmeta export FILE.yaml ") == true)
    }

    /// What was in the way of the rest comes before what finishes it.
    @Test func whatIsDoneInPartHasTheRemedyOfItsCause() throws {
        let cause = PacketMetadataError(
            DeclarationRefusal([DocumentFault(file: "/etc/pktmeta.d", .file(.noDocuments))]))
        let error = cause.unfinished(
            .applyDeclaration("/x"),
            .declaredInPart(settings: 0, registered: [try FieldName("t")], unregistered: [], programs: 0, "/x"))
        #expect(error.remedy == "\(try #require(cause.remedy)) The same command finishes it.")
    }

    @Test func whatIsLeftOutIsCounted() {
        let text = "owner: a\n" + (1...22).map { "x\($0): 1\n" }.joined()
        #expect(Self.message(text)?.hasSuffix("\n  and 2 more") == true)
    }
}
