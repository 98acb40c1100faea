// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Testing

/// The folders of a module are layers that only look down: no file names a type that a higher folder declares.
struct LayerTests {
    /// The lowest first. A folder that is not here fails the test, so that whoever adds one says where it belongs.
    static let layers = [
        "Errors", "Objects", "Hooks", "Changes", "Registry", "Occupancy", "Sockets", "Loading", "Pins", "Attaching",
        "Steering",
        "Inspection", "Status", "Watch", "Trace", "Doctor", "Removal", "Trial", "Declaration",
    ]

    private static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let module = package.appending(path: "Sources/PacketMetadata")

    private struct Source {
        let layer: Int
        let name: String
        let code: Substring
    }

    private static func sources() throws -> [Source] {
        try layers.enumerated().flatMap { layer, folder in
            let names = try FileManager.default.contentsOfDirectory(atPath: module.appending(path: folder).path())
            return try names.sorted().map { name in
                let text = try String(contentsOf: module.appending(path: "\(folder)/\(name)"), encoding: .utf8)
                // A comment or a message may speak of what is above.
                let code = text.replacing(/\/\/[^\n]*/, with: "").replacing(/"(?:[^"\\\n]|\\[^(])*"/, with: "\"\"")
                return Source(layer: layer, name: "\(folder)/\(name)", code: code[...])
            }
        }
    }

    /// The types that files of the module share, with the layer of each.
    private static func declarations(_ sources: [Source]) -> [String: Int] {
        var declared: [String: Int] = [:]
        for source in sources {
            let declaration =
                /(?m)^(?:(?:public|package|internal|final|indirect) )*(?:struct|class|enum|protocol|actor|typealias) (\w+)/
            for match in source.code.matches(of: declaration) { declared[String(match.1)] = source.layer }
        }
        return declared
    }

    @Test func noFileNamesATypeOfAHigherLayer() throws {
        let sources = try Self.sources()
        let declared = Self.declarations(sources)
        #expect(declared.count > 90)
        for source in sources {
            let above = Set(source.code.matches(of: /\b[A-Z]\w+/).map { String($0.0) })
                .filter { declared[$0, default: 0] > source.layer }
            #expect(above.isEmpty, "\(source.name) names \(above.sorted()), which higher layers declare")
        }
    }

    @Test func eachFolderIsALayer() throws {
        let entries = try FileManager.default.contentsOfDirectory(atPath: Self.module.path())
        let folders = entries.filter { !$0.hasSuffix(".swift") && !$0.hasSuffix(".docc") }
        #expect(Set(folders) == Set(Self.layers))
        // Where the registry meets what is built on it.
        #expect(entries.filter { $0.hasSuffix(".swift") } == ["RegistryFollowers.swift"])
    }

    /// The picture that people are shown is the one that is kept.
    @Test func thePageHasTheLayers() throws {
        let page = try String(
            contentsOf: Self.module.appending(path: "PacketMetadata.docc/Architecture.md"), encoding: .utf8)
        let rows = page.matches(of: /(?m)^\| `(\w+)\/` \|/).map { String($0.1) }
        #expect(rows == Self.layers)
    }
}
