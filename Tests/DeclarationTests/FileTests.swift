// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import DeclarationFiles
@testable import PacketMetadata

/// Several documents as one declaration, and which files are read for it.
@Suite struct FileTests {
    private let files: ScratchFiles

    init() throws { files = try ScratchFiles() }

    private func refusal(_ names: String...) -> (faults: [DocumentFault], kind: PacketMetadataError.Kind)? {
        do throws(PacketMetadataError) {
            _ = try read(names)
            return nil
        } catch {
            guard case DeclarationRefusal.faultyDocuments(let faults, _) = error.refusal else { return nil }
            return (faults, error.kind)
        }
    }

    private func read(_ names: [String]) throws(PacketMetadataError) -> HostDeclaration {
        try DeclarationFiles.read(paths: names.map { files.path.pushing(FilePath($0)) })
    }

    private func fields(_ names: String...) throws -> [String] {
        try read(names).fields.map { "\($0.definition.owner).\($0.definition.name)" }
    }

    private func path(_ name: String) -> FilePath { files.path.appending(name) }

    // MARK: Several documents

    @Test func aFolderIsItsDocumentsInOrder() throws {
        for name in ["d/b.yaml", "d/a.yml", "d/B.json", "d/c.yaml"] {
            let field = FilePath(name).stem ?? ""
            try files.write(name, "{owner: o\(field), fields: {f\(field): {type: u8}, same: {type: u16}}}")
        }
        try files.write("d/.hidden.yaml", "?")
        try files.write("d/notes.txt", "?")
        try files.write("d/b.yaml~", "?")
        try files.write("d/sub/x.yaml", "?")
        #expect(try fields("d") == ["oB.fB", "oB.same", "oa.fa", "ob.fb", "oc.fc"])
        #expect(try read(["d"]).owners == ["oB", "oa", "ob", "oc"])
    }

    @Test func whatContradictsIsRefusedWithBothPlaces() throws {
        try files.write(
            "a",
            "owner: a\nfields: {x: {type: u8}}\nregistry: {capacity: 64, statistics: all, path: /a, mode-bits: 600}\nlayout: {x: {id: 0x01000101, offset: 12}}"
        )
        try files.write(
            "b",
            "\nowner: b\nfields: {x: {type: u16}}\nregistry: {capacity: 128, statistics: none, path: /b, mode-bits: 644}\nlayout: {x: {id: 0x01000101, offset: 13}}"
        )
        let refused = try #require(refusal("a", "b"))
        #expect(refused.kind == .badData)
        func place(_ name: String, _ line: Int, _ column: Int) -> DocumentPlace {
            DocumentPlace(file: path(name).string, line: line, column: column)
        }
        #expect(
            Set(refused.faults) == [
                DocumentFault(at: place("b", 3, 10), .otherField(try FieldName("x"), first: place("a", 2, 10))),
                DocumentFault(at: place("b", 4, 22), .otherSetting("capacity", first: place("a", 3, 22))),
                DocumentFault(at: place("b", 4, 39), .otherSetting("statistics", first: place("a", 3, 38))),
                DocumentFault(at: place("b", 4, 51), .otherSetting("path", first: place("a", 3, 49))),
                DocumentFault(at: place("b", 4, 66), .otherSetting("mode-bits", first: place("a", 3, 64))),
                DocumentFault(at: place("b", 5, 10), .otherLayout(try FieldName("x"), first: place("a", 4, 10))),
            ])
    }

    @Test func whatIsSaidAlikeIsSaidOnce() throws {
        let text = "registry: {capacity: 64}\nfields: {rx_hash: {type: u32, source: rx-hash"
        let rest = "}}\nlayout: {x: {id: 0x01000101, offset: 12}}\ninterfaces: [{name: i}]"
        try files.write("a", "owner: a\n\(text)\(rest)")
        try files.write("b", "owner: b\n\(text), hardware: required\(rest)")
        let declaration = try read(["a", "b"])
        #expect(declaration.fields.map(\.definition.owner) == ["a"])
        #expect(declaration.fields.map(\.requiresHardware) == [true])
        #expect(declaration.layout.count == 1)
        #expect(declaration.registry.capacity == 64)
        #expect(declaration.attachments.map(\.owner) == ["a", "b"])
    }

    // MARK: Includes

    @Test func includesComeFirstAndOnce() throws {
        try files.write("a", "{owner: a, include: [sub/*.yaml, b], fields: {fa: {type: u8}}}")
        try files.write("b", "{owner: b, include: sub/y.yaml, fields: {fb: {type: u8}}}")
        try files.write("sub/y.yaml", "{owner: y, include: ../b2, fields: {fy: {type: u8}}, interfaces: [{name: i}]}")
        try files.write("sub/x.yaml", "{owner: x, fields: {fx: {type: u8}}}")
        try files.write("sub/.z.yaml", "?")
        try files.write("b2", "{owner: b2, include: none-there/*.yaml, fields: {fb2: {type: u8}}}")
        #expect(try fields("a") == ["x.fx", "b2.fb2", "y.fy", "b.fb", "a.fa"])
        #expect(try fields("a", "b") == ["x.fx", "b2.fb2", "y.fy", "b.fb", "a.fa"])
        #expect(try read(["a", "b", "b"]).attachments.map(\.owner) == ["y"])
    }

    @Test func objectsAreBesideTheDocumentThatNamesThem() throws {
        try files.write("a", "{owner: a, include: sub/b}")
        try files.write("sub/b", "{owner: b, interfaces: [{name: i, xdp: [o, ../p]}]}")
        let programs = try #require(try read(["a"]).attachments.first).programs[.xdp]
        #expect(
            programs == [
                .object(path("sub").appending("o"), program: nil),
                .object(path("sub").pushing("../p"), program: nil),
            ])
    }

    @Test func cyclesNameTheirFiles() throws {
        try files.write("a", "owner: a\ninclude: b")
        try files.write("b", "owner: b\ninclude: [c]")
        try files.write("c", "owner: c\ninclude: [b]")
        let refused = try #require(refusal("a"))
        let (b, c) = (path("b").string, path("c").string)
        #expect(
            refused.faults == [
                DocumentFault(at: DocumentPlace(file: c, line: 2, column: 11), .cycle([b, c, b]))
            ])
        try files.write("d", "{owner: d, include: d}")
        #expect(refusal("d")?.faults.map(\.problem) == [.cycle([path("d").string, path("d").string])])
    }

    @Test func whatCannotBeIncludedIsSaidWhereItIsNamed() throws {
        try files.write("a", "owner: a\ninclude: [none, '*/x', b]")
        try files.write("b", "owner: b\nfield: {}")
        let refused = try #require(refusal("a"))
        #expect(
            refused.faults.map(\.problem) == [
                .include(path("none"), .unreadable(.noSuchFileOrDirectory)), .folderPattern("*/x"),
                .unknownKey("field", among: RootKey.names),
            ])
        #expect(refused.kind == .badData)
    }

    @Test func tooManyDocumentsAreRefused() throws {
        for number in 0...DocumentSearch.mostDocuments { try files.write("d/\(number).yaml", "owner: a") }
        #expect(refusal("d")?.faults.map(\.problem) == [.tooManyDocuments(most: DocumentSearch.mostDocuments)])
    }

    // MARK: Files

    @Test func whatIsNoDocumentsFileIsRefused() throws {
        try FileManager.default.createDirectory(atPath: path("empty").string, withIntermediateDirectories: true)
        #expect(refusal("none")?.faults.map(\.problem) == [.file(.unreadable(.noSuchFileOrDirectory))])
        #expect(refusal("none")?.kind == .notFound)
        #expect(refusal("empty")?.faults.map(\.problem) == [.file(.noDocuments)])
        #expect(refusal("empty")?.kind == .notFound)
        #expect(mkfifo(path("pipe").string, 0o600) == 0)
        #expect(refusal("pipe")?.faults.map(\.problem) == [.file(.otherKind)])
        #expect(refusal("pipe")?.kind == .badData)
        try files.write("long", String(repeating: "#", count: DocumentSearch.mostBytes + 1))
        #expect(refusal("long")?.faults.map(\.problem) == [.file(.tooLong(mostBytes: 1 << 20))])
        try files.write("most", "owner: a\n" + String(repeating: "#", count: DocumentSearch.mostBytes - 9))
        #expect(refusal("most") == nil)
        try FileManager.default.createDirectory(
            atPath: files.path.pushing("d/x.yaml").string, withIntermediateDirectories: true)
        #expect(refusal("d")?.faults.map(\.problem) == [.file(.unreadable(.isDirectory))])
    }

    @Test func linksAreFollowedByNameAndNotFound() throws {
        let target = try files.write("target.yaml", "{owner: a, fields: {x: {type: u8}}}")
        try files.write("d/a.yaml", "owner: a")
        try files.link("d/b.yaml", to: target.string)
        try files.link("link", to: target.string)
        #expect(try fields("link") == ["a.x"])
        #expect(try fields("d/b.yaml") == ["a.x"])
        #expect(refusal("d")?.faults == [DocumentFault(file: path("d").appending("b.yaml").string, .file(.link))])
        try files.write("c", "{owner: c, include: d/*.yaml}")
        #expect(refusal("c")?.faults.map(\.problem) == [.include(path("d").appending("b.yaml"), .link)])
    }

    /// Of the policy itself, for any user who runs the tests.
    @Test func rootTrustsWhatOnlyRootWrites() {
        let root = DocumentTrust(user: 0)
        func problem(_ owner: UInt32, _ bits: UInt32, isShared: Bool = false) -> DocumentFault.FileProblem? {
            root.problem("/x", FileAccess(owner: owner, group: 0, bits: bits), isShared: isShared)
        }
        #expect(problem(0, 0o644) == nil)
        #expect(problem(0, 0o664) == .writable("/x", FileAccess(owner: 0, group: 0, bits: 0o664)))
        #expect(problem(0, 0o646) != nil)
        #expect(problem(1000, 0o600) == .foreign("/x", FileAccess(owner: 1000, group: 0, bits: 0o600)))
        #expect(problem(0, 0o1777) != nil && problem(0, 0o1777, isShared: true) == nil)
        #expect(problem(0, 0o777, isShared: true) != nil)
        let other = FileAccess(owner: 1, group: 1, bits: 0o666)
        #expect(DocumentTrust(user: 1000).problem("/x", other) == nil)
    }

    @Test func othersWriteNothingThatRootGoesBy() throws {
        try #require(ProcessID.user == 0, "this is tested as root")
        let document = "owner: a"
        try files.write("d/a.yaml", document)
        let loose = try files.write("d/b.yaml", document, bits: 0o666)
        let access = FileAccess(owner: 0, group: 0, bits: 0o666)
        #expect(refusal("d/b.yaml")?.faults.map(\.problem) == [.file(.writable(loose, access))])
        #expect(refusal("d")?.faults.map(\.file) == [loose.string])
        // By a link, whose own bits say nothing.
        try files.link("link", to: loose.string)
        #expect(refusal("link")?.faults.map(\.problem) == [.file(.writable(path("link"), access))])
        try files.chmod(0o644, loose)
        #expect(refusal("d") == nil && refusal("link") == nil)
        // The folder.
        try files.chmod(0o777, path("d"))
        let folder = FileAccess(owner: 0, group: 0, bits: 0o777)
        #expect(refusal("d")?.faults.map(\.problem) == [.file(.writable(path("d"), folder))])
        #expect(refusal("d/a.yaml")?.faults.map(\.problem) == [.file(.writable(path("d"), folder))])
        #expect(refusal("link")?.faults.map(\.problem) == [.file(.writable(path("d"), folder))])
        try files.write("c", "{owner: c, include: 'd/*'}")
        #expect(refusal("c")?.faults.map(\.problem) == [.include(path("d"), .writable(path("d"), folder))])
        try files.chmod(0o755, path("d"))
        try files.write("loose/a", document)
        try files.link("loose/link", to: "../d/a.yaml")
        try files.chmod(0o777, path("loose"))
        #expect(refusal("loose/link")?.faults.map(\.problem) == [.file(.writable(path("loose"), folder))])
        // In a folder of everybody's, nobody replaces another's file.
        try files.chmod(0o1777, path("d"))
        #expect(refusal("d") != nil && refusal("d/a.yaml") == nil)
        try files.chmod(0o755, path("d"))
        #expect(chown(files.path.pushing("d/a.yaml").string, 65534, 0) == 0)
        let foreign = FileAccess(owner: 65534, group: 0, bits: 0o644)
        #expect(refusal("d")?.faults.map(\.problem) == [.file(.foreign(files.path.pushing("d/a.yaml"), foreign))])
    }
}
