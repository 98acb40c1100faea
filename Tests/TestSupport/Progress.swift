// SPDX-License-Identifier: BSD-2-Clause

import Glibc

/// How far a long test has come, for those who look on; nothing in a pipe.
public struct Progress {
    private var last = ContinuousClock.now
    private let isTerminal = isatty(STDERR_FILENO) == 1

    public init() {}

    /// Tells it if the last time was ten seconds ago.
    public mutating func tell(_ text: @autoclosure () -> String) {
        guard isTerminal, ContinuousClock.now - last >= .seconds(10) else { return }
        last = .now
        let line = text() + "\n"
        _ = write(STDERR_FILENO, line, line.utf8.count)
    }
}
