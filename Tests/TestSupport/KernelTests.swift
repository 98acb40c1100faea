// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
public import Testing

/// Tests that load BPF programs and make network namespaces.
public enum Kernel {
    private static let lacking = Capability.missing(of: [.bpf, .netAdmin, .perfmon, .sysAdmin])
    private static let isCI = ProcessInfo.processInfo.environment["CI"] != nil

    /// For a suite: a machine that cannot run it skips it loudly; in CI it runs, and fails.
    public static let required: ConditionTrait = .enabled(
        if: lacking.isEmpty || isCI,
        "SKIPPED: needs \(lacking.map(\.description).joined(separator: ", ")): run the tests as root")

    /// Runs a test in a network namespace of its own.
    ///
    /// A namespace belongs to the thread, and a body that does not suspend stays on its thread: tests run side by side.
    public static func run(_ body: () throws -> Void) throws {
        let namespace = try NetworkNamespace.create()
        try VethPair.run(in: namespace) { try SlowTests.measure(body) }
    }
}
