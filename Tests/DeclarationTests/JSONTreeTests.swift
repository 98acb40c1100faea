// SPDX-License-Identifier: BSD-2-Clause

import RegistryModel
import SystemPackage
import Testing

@testable import DeclarationFiles
@testable import PacketMetadata

/// JSON, to the letter, and what a network's configuration says.
@Suite struct JSONTreeTests {
    private static func tree(_ text: String) throws -> JSONTree {
        try JSONTree(DocumentText(Array(text.utf8), named: "x"), named: "x", mostLevels: 4)
    }

    private static func text(_ json: String) throws -> String? {
        if case .text(let text, _) = try tree(json).root.value { text } else { nil }
    }

    @Test(arguments: [
        (#""""#, ""), (#""\ud83d\ude00\u00e9é""#, "😀éé"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        ("0", "0"), ("-0.5e+10", "-0.5e+10"), ("12345678901234567890", "12345678901234567890"), (" true\n", "true"),
        ("null", "null"), (#""a\u2028b""#, "a\u{2028}b"),
    ])
    func whatTextsMean(json: String, text: String) throws { #expect(try Self.text(json) == text) }

    @Test(arguments: [
        ("", 1, 1), ("{", 1, 2), ("[1,]", 1, 4), ("{\"a\":1,}", 1, 8), ("{a:1}", 1, 2), ("[1 2]", 1, 4), ("01", 1, 1),
        ("1.", 1, 1), ("+1", 1, 1), ("1e", 1, 1), ("True", 1, 1), ("'a'", 1, 1), ("\"a", 1, 3), ("\"\\x\"", 1, 2),
        ("\"\\ud83d\"", 1, 2), ("\"\\ude00\"", 1, 2), ("\"\\ud83d\\u0041\"", 1, 2), ("\"\\u00g0\"", 1, 2),
        ("\"a\tb\"", 1, 3), ("\"\\u0000\"", 1, 2), ("{}\n {}", 2, 2), ("[[[[[]]]]]", 1, 5),
        ("{\"é\":\n\r\n\r  ?}", 4, 3),
    ])
    func whatIsNoJSONIsSaidWithItsPlace(json: String, line: Int, column: Int) throws {
        do {
            _ = try Self.tree(json)
            Issue.record("\(json) was read")
        } catch let error as DocumentError {
            #expect(error.fault.place == DocumentPlace(file: "x", line: line, column: column), "\(error.fault)")
        }
    }

    /// In a document too, whatever libyaml makes of them.
    @Test func aDocumentHasPairsOfEscapes() throws {
        let text = #"{"owner": "\ud83d\ude00", "interfaces": [{"name": "e"}]}"#
        let declaration = try DeclarationFiles.read(text: text, named: "x")
        #expect(declaration.owners == ["😀"])
        #expect(declaration.attachments.map(\.place) == [DocumentPlace(file: "x", line: 1, column: 42)])
    }

    // MARK: Networks

    private static func network(_ text: String) throws -> NetworkConfiguration {
        try NetworkDocument(Array(text.utf8), named: "x").configuration(for: "net1")
    }

    @Test func aNetwork() throws {
        let previous =
            #"{ "interfaces": [{"name":"a"},{"name":"b","sandbox":""},{"name":"c","sandbox":"/x"}], "n": 1.0 }"#
        let network = try Self.network(
            """
            {"cniVersion":"1.0.0","name":"n","declaration":["/a","/b"],"registry":null,"ipam":{"deep":[[[[[1]]]]]},
             "container":[{"xdp":"/x.o:p"},{"name":"eth*","tc":"scrub"}],"prevResult":\(previous)}
            """)
        #expect(network.documents == ["/a", "/b"] && network.registry == nil)
        #expect(network.container.map(\.target) == [.interfaces("net1", netns: nil), .interfaces("eth*", netns: nil)])
        #expect(network.container.map(\.programs[.xdp]) == [[.object("/x.o", program: "p")], nil])
        #expect(network.container.map(\.owner) == ["cni", "cni"])
        let result = try #require(network.previous)
        #expect(result.interfaces.map(\.name) == ["a", "b", "c"])
        #expect(result.interfaces.map(\.sandbox) == [nil, nil, "/x"])
        // A result has a version.
        #expect(result.text == #"{"cniVersion":"1.0.0","# + previous.dropFirst())
        #expect(
            try Self.network(#"{"cniVersion":"1.0.0","name":"n","prevResult":{}}"#).previous?.text
                == #"{"cniVersion":"1.0.0"}"#)
    }

    @Test(arguments: [
        #"{ "cniVersion":"0.4.0","x":[1.0,1e2] }"#, "{\n\"cniVersion\" : \"1.0.0\", \"é\": \"\\ud83d\\ude00\"}",
    ])
    func aPreviousResultStaysAsItIs(text: String) throws {
        #expect(try Self.network(#"{"cniVersion":"1.0.0","prevResult":\#(text),"name":"n"}"#).previous?.text == text)
    }

    @Test(arguments: [
        ("[]", "x:1:1"), (#"{"name":""}"#, "x:1:9"), (#"{"name":"n","registry":"r"}"#, "x:1:24"),
        (#"{"name":"n","prevResult":[]}"#, "x:1:26"),
        (#"{"name":"n","container":[{"name":"a","netns":"b"}]}"#, "x:1:38"),
        (#"{"name":"n","container":[{"mode":"fast"}]}"#, "x:1:34"), (#"{"name":"n","declaration":["a"]}"#, "x:1:28"),
    ])
    func whatIsWrongWithANetworkIsSaid(text: String, place: String) throws {
        do {
            _ = try Self.network(text)
            Issue.record("\(text) was read")
        } catch let error as PacketMetadataError {
            guard case .faultyDocuments(let faults, _)? = error.refusal as? DeclarationRefusal else { throw error }
            #expect(faults.map { $0.place?.description } == [place])
        }
    }
}
