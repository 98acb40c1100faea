// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Testing

/// Refusals are data, and their words are the command line's.
struct RefusalTests {
    private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources")

    /// The text of each file below a folder of Sources, by its path.
    private static func files(_ folder: String = "") throws -> [String: String] {
        let root = sources.appending(path: folder)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root.path()).filter { $0.hasSuffix(".swift") }
        return try Dictionary(
            uniqueKeysWithValues: paths.map {
                ("\(folder)/\($0)", try String(contentsOf: root.appending(path: $0), encoding: .utf8))
            })
    }

    /// Lines with both words.
    private static func lines(_ folder: String = "", with word: String, and other: String = "") throws -> [Substring] {
        try files(folder).values.flatMap { $0.split(separator: "\n") }
            .filter { $0.contains(word) && (other.isEmpty || $0.contains(other)) }
    }

    @Test func eachRefusalHasItsWords() throws {
        let declaration = /\b(?:enum|struct|class) (\w+): (?:\w+, )*Refusal\b/
        let refusals = try Self.lines(with: "Refusal", and: ":").compactMap { $0.firstMatch(of: declaration)?.1 }
        #expect(refusals.count >= 14)
        let folders = ["PktmetaCommands/Rendering/Refusals", "BenchCommands"]
        let words = try folders.flatMap { try Self.lines($0, with: ": RefusalWords") }
            .compactMap { $0.firstMatch(of: /extension (\w+): RefusalWords\b/)?.1 }
        #expect(Set(refusals) == Set(words))
    }

    /// A program goes by the name of the case, whichever enum it is of.
    @Test func casesOfOneNameMeanTheSame() throws {
        let same: Set = ["badSample", "commandFailed", "damagedFields", "noSuchField", "noTCXLinks"]
        var owners: [Substring: Set<String>] = [:]
        for (path, text) in try Self.files() where path.hasSuffix("Refusal.swift") {
            for line in text.split(separator: "\n") where line.hasPrefix("    case ") {
                owners[line.dropFirst(9).prefix { $0.isLetter }, default: []].insert(path)
            }
        }
        #expect(owners.count > 100)
        let shared = owners.filter { $0.value.count > 1 && !same.contains(String($0.key)) }
        #expect(shared.isEmpty, "\(shared)")
    }

    /// Speaks of pktmeta, and not to a shell.
    private static let spoken = "pktmeta has loaded it, and somebody else attached it"

    /// So that a program that uses the library says in its own words what helps.
    @Test func theLibraryNamesNoCommandAndNoOption() throws {
        let verbs = try Self.lines("PktmetaCommands", with: "commandName: \"", and: "-")
            .compactMap { $0.firstMatch(of: /"(.*)"/)?.1 }
        #expect(verbs.count >= 10)
        for folder in ["RegistryModel", "Linux", "BPF", "PacketMetadata", "DeclarationFiles"] {
            for (path, text) in try Self.files(folder) where !path.contains(".docc/") {
                for line in text.split(separator: "\n") {
                    guard let quote = line.firstIndex(of: "\""), !line.contains("//") else { continue }
                    let literals = line[quote...]
                    if literals.contains(Self.spoken) { continue }
                    let isCommand = literals.contains("pktmeta ") && literals.contains(/\bpktmeta [a-z]/)
                    #expect(!isCommand && !verbs.contains { literals.contains($0) }, "\(path) names a command: \(line)")
                    let isOption = literals.contains("--") && literals.contains(/(?:^|[\s"(])--[a-z]/)
                    #expect(!isOption, "\(path) names an option: \(line)")
                }
            }
        }
    }
}
