// SPDX-License-Identifier: BSD-2-Clause

internal import FoundationEssentials

/// What a command prints with `--json`: one document, its keys sorted.
protocol JSONDocument: Encodable {}

/// Raised when a key changes its meaning or goes; new keys do not raise it.
let jsonVersion = 1

extension JSONDocument {
    var json: String { encoded([.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]) }

    /// On one line.
    var jsonLine: String { encoded([.sortedKeys, .withoutEscapingSlashes]) }

    private func encoded(_ formatting: JSONEncoder.OutputFormatting) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting
        do {
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        } catch {
            preconditionFailure("documents hold nothing that JSON cannot: \(error)")
        }
    }
}
