// SPDX-License-Identifier: BSD-2-Clause

/// What the verifier said about a program that it refused.
public struct VerifierLog: Sendable, Hashable {
    public let text: String

    /// The line that gives the reason: the last one before the statistics.
    public var summary: String {
        text.split(separator: "\n").last { !Self.isStatistics($0) }.map(String.init) ?? "the verifier said nothing"
    }

    private static func isStatistics(_ line: some StringProtocol) -> Bool {
        ["processed ", "verification time", "stack depth", "peak_states"].contains { line.hasPrefix($0) }
    }
}
