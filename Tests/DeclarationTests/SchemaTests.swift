// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import RegistryModel
import TestSupport
import Testing

@testable import DeclarationFiles
@testable import PacketMetadata

/// The schema that editors have knows what the reader knows.
@Suite struct SchemaTests {
    private static func schema() throws -> [String: Any] {
        let text = try Fixture.documentation("Resources/declaration.schema.json")
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private static func part(_ path: String...) throws -> [String: Any] {
        try path.reduce(schema()) { part, key in try #require(part[key] as? [String: Any], "\(path)") }
    }

    private static func keys(of definition: String) throws -> Set<String> {
        Set(try part("$defs", definition, "properties").keys)
    }

    private static func words(_ definition: String, _ key: String) throws -> Set<String> {
        let words = try part("$defs", definition, "properties", key)["enum"]
        return Set(try #require(words as? [String], "\(definition) \(key)"))
    }

    @Test func keysAreThoseOfTheReader() throws {
        #expect(Set(try Self.part("properties").keys) == Set(RootKey.names))
        #expect(try Self.keys(of: "registry") == Set(RegistryKey.names))
        #expect(try Self.keys(of: "field") == Set(FieldKey.names))
        #expect(try Self.keys(of: "interface") == Set(InterfaceKey.names))
        #expect(try Self.keys(of: "neighbour") == Set(OrderKey.names))
        #expect(try Self.keys(of: "cgroup") == Set(CgroupKey.names))
        #expect(try Self.keys(of: "netfilter") == Set(NetfilterKey.names))
        #expect(try Self.keys(of: "place") == Set(LayoutKey.names))
        #expect(try Self.part("$defs").count == 7)
    }

    @Test func wordsAreThoseOfTheReader() throws {
        #expect(try Self.words("registry", "statistics") == Set(Statistics.allCases.map(\.rawValue)))
        #expect(try Self.words("field", "hardware") == Set(HardwareWord.allCases.map(\.rawValue)))
        #expect(try Self.words("interface", "mode") == Set(ModeChoice.words(of: .xdp)))
        #expect(try Self.words("interface", "tc-mode") == Set(ModeChoice.words(of: .tcIngress)))
        #expect(try Self.words("netfilter", "family") == Set(NetfilterFamilies.allCases.map(\.rawValue)))
        #expect(try Self.words("netfilter", "hook") == Set(NetfilterHook.Stage.allCases.map(\.rawValue)))
        let orders = try Self.part("$defs", "interface", "properties", "tc-order")["oneOf"] as? [[String: Any]]
        #expect(orders?.first?["enum"] as? [String] == OrderWord.allCases.map(\.rawValue))
        let ways = try Self.part("$defs", "cgroup", "properties", "sockets")["oneOf"] as? [[String: Any]]
        #expect(ways?.first?["enum"] as? [String] == SocketWays.all.names + [SocketWays.allWord])
        let capacities = try Self.part("$defs", "registry", "properties", "capacity")["enum"]
        #expect(capacities as? [Int] == RegistryWord.capacities)
        let type = try #require(try Self.part("$defs", "field", "properties", "type")["pattern"] as? String)
        for name in FieldType.names + ["bytes:16"] {
            #expect(try Regex(type).wholeMatch(in: name) != nil, "\(name)")
        }
    }

    @Test func documentsAreAsItSays() throws {
        let schema = JSONSchema("declaration")
        let examples = CodeBlock.all(in: try Fixture.documentation("Declaring.md")).filter { $0.language == "yaml" }
        #expect(examples.count == 2)
        for text in examples.map(\.code) + [DocumentReadingTests.whole] {
            let document = YAMLDocument(Array(text.utf8), named: "d.yaml")
            #expect(try schema.faults(of: #require(document.root).json) == "")
            let declaration = try DocumentReadingTests.read(text.withoutInclude)
            #expect(try schema.faults(of: DocumentReadingTests.json(declaration)) == "")
        }
        for wrong in [
            "{}", #"{"owner": "a", "field": {}}"#, #"{"owner": "a", "fields": {"x": {}}}"#,
            #"{"owner": "a", "interfaces": [{"name": "x", "mode": "tcx"}]}"#,
            #"{"owner": "a", "cgroups": [{"path": "/x", "unit": "y", "sockets": "all"}]}"#,
            #"{"owner": "a", "cgroups": [{"path": "/x"}]}"#,
        ] {
            #expect(try schema.faults(of: wrong) != "", "\(wrong)")
        }
    }
}

extension DocumentReadingTests {
    static func json(_ declaration: HostDeclaration) -> String { DeclarationWriter(declaration).json }
}

extension Node {
    /// As editors take it: a plain scalar may be a number or a flag.
    var json: String {
        switch value {
        case .text(let text, true) where Int(text) != nil || text == "true" || text == "false": text
        case .text(let text, _): OutputNode.quoted(text)
        case .list(let nodes): "[\(nodes.map(\.json).joined(separator: ","))]"
        case .mapping(let entries):
            "{\(entries.map { "\(OutputNode.quoted($0.key)):\($0.value.json)" }.joined(separator: ","))}"
        case .refused: "null"
        }
    }
}
