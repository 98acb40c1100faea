// SPDX-License-Identifier: BSD-2-Clause

/// What a command prints with `--json`: one document, its keys sorted.
package protocol JSONDocument {
    var value: JSONValue { get }
}

extension JSONValue {
    /// Raised when a key changes its meaning or goes; new keys do not raise it.
    package static let version = JSONValue.number(1)
}

extension JSONDocument {
    package var json: String { written(.lines) }

    /// On one line.
    var jsonLine: String { written(.line) }

    private func written(_ style: JSONWriter.Style) -> String {
        var writer = JSONWriter(style)
        writer.write(value)
        return writer.text
    }
}
