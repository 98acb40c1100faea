// SPDX-License-Identifier: BSD-2-Clause

internal import FoundationEssentials

/// What a command prints with `--json`: one document, its keys sorted.
protocol JSONDocument: Encodable {}

/// Raised when a key changes its meaning or goes; new keys do not raise it.
let jsonVersion = 1

extension JSONDocument {
    var json: String { encoded(by: documentEncoder) }

    /// On one line.
    var jsonLine: String { encoded(by: lineEncoder) }

    private func encoded(by encoder: JSONEncoder) -> String {
        do {
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        } catch {
            preconditionFailure("documents hold nothing that JSON cannot: \(error)")
        }
    }
}

// Made once: a stream has a document a packet.
private let documentEncoder = encoder([.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
private let lineEncoder = encoder([.sortedKeys, .withoutEscapingSlashes])

private func encoder(_ formatting: JSONEncoder.OutputFormatting) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    return encoder
}
