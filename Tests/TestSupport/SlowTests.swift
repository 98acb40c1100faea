// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Synchronization
import Testing

/// How long tests ran on the kernel. All tests of a process start at once and wait for a thread, so that the times that are
/// printed with them say nothing of each.
enum SlowTests {
    private static let durations = Mutex<[String: Duration]>([:])
    private static let shown = 10

    /// Measures a body that does not suspend, for the test that runs it.
    static func measure<Value>(_ body: () throws -> Value) rethrows -> Value {
        _ = printingAtExit
        let start = ContinuousClock.now
        defer {
            let name = Test.current.map { "\($0.id)" } ?? "outside of tests"
            let duration = ContinuousClock.now - start
            durations.withLock { $0[name, default: .zero] += duration }
        }
        return try body()
    }

    private static let printingAtExit: Void = {
        atexit {
            let slowest = durations.withLock { $0.sorted { $0.value > $1.value }.prefix(shown) }
            guard let first = slowest.first, first.value > .seconds(1) else { return }
            print("The slowest tests, with all of their cases:")
            for (name, duration) in slowest { print("  \(duration.formatted(.units(allowed: [.seconds]))) \(name)") }
        }
    }()
}
