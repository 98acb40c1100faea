// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import SystemPackage
import TestSupport
import Testing

/// Documents that were changed somewhere are read to their end or refused with places, and what was read is written so that
/// it reads back to the same.
///
/// `PKTMETA_FUZZ_DOCUMENTS` says how many, and `PKTMETA_FUZZ_FIRST` the number of the first, which tells what is changed;
/// `make fuzz-declarations` tries 100,000.
@Suite struct DocumentFuzzTests {
    private static func number(_ variable: String) -> Int? {
        ProcessInfo.processInfo.environment[variable].flatMap { Int($0) }
    }

    @Test func aChangedDocumentIsNoCrash() throws {
        let count = Self.number("PKTMETA_FUZZ_DOCUMENTS") ?? 3000
        let first = Self.number("PKTMETA_FUZZ_FIRST") ?? 0
        let folder = try ScratchFolder()
        let documents = try Self.documents()
        let input = try folder.write(Array(documents.joined(separator: "\0\n").utf8), as: "documents")
        let fuzzer = Fixture.builtFolder.appending("declaration-fuzzer")
        let outcome = try ChildProcess.run([
            "timeout", "3000", "sh", "-c", "exec '\(fuzzer)' \(first) \(count) < '\(input)'",
        ])
        let last = outcome.output.split(separator: "\n").last ?? "nothing begun"
        #expect(outcome.status == 0, "\(last): declaration-fuzzer NUMBER 1 print")
        #expect(last.hasPrefix("read ") && !last.hasPrefix("read 0 "), "\(last)")
    }

    /// Examples of the documentation, and what the tests read, in both forms.
    private static func documents() throws -> [String] {
        let page = CodeBlock.all(in: try Fixture.documentation("Declaring.md")).filter { $0.language == "yaml" }
            .map(\.code.withoutInclude)
        let declaration = try DocumentReadingTests.read(DocumentReadingTests.whole)
        return page + [DocumentReadingTests.whole, DocumentReadingTests.json(declaration)]
    }
}

extension String {
    /// Of files that are not there.
    var withoutInclude: String { replacing(/(?m)^include:.*\n/, with: "") }
}
