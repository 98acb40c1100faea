// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Testing

/// Compares text with a file in Snapshots/; `UPDATE_SNAPSHOTS=1 swift test` writes the files anew.
func expectSnapshot(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Snapshots").appendingPathComponent(name)
    if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] != nil {
        try Data((text + "\n").utf8).write(to: file)
    }
    let expected = try String(contentsOf: file, encoding: .utf8)
    #expect(text + "\n" == expected, "differs from \(name)", sourceLocation: sourceLocation)
}
