// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import PktmetaCommands
import Synchronization

/// What a command did when it was run in this process.
public struct CommandRun: Sendable {
    public let exitCode: Int32
    public let output: String
    public let errors: String
    /// What it put out as bytes rather than as lines.
    public let bytes: [UInt8]

    /// The output as JSON.
    public var json: [String: any Sendable] {
        get throws {
            let object = try JSONSerialization.jsonObject(with: Data(output.utf8))
            return object as? [String: any Sendable] ?? [:]
        }
    }

    package init(
        _ arguments: [String], of program: any Program.Type = Pktmeta.self, environment: [String: String] = [:],
        isTerminal: Bool = false, hasErrorTerminal: Bool = false
    ) {
        let output = Lines()
        let errors = Lines()
        let bytes = Mutex<[UInt8]>([])
        var context = Context(
            output: output.append, errors: errors.append, bytes: { new in bytes.withLock { $0 += new } },
            isTerminal: isTerminal, environment: environment)
        context.hasErrorTerminal = hasErrorTerminal
        exitCode = program.run(arguments, in: context)
        self.output = output.text
        self.errors = errors.text
        self.bytes = bytes.withLock { $0 }
    }

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])

        @Sendable func append(_ line: String) { lines.withLock { $0.append(line) } }
        var text: String { lines.withLock { $0.joined(separator: "\n") } }
    }
}
