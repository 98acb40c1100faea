// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import PacketMetadata
import RegistryModel
import Synchronization
import TestSupport
import Testing

/// No application is told another packet's value, or another field's, while fields are registered, unregistered and moved: by
/// `next`, `batch`, `at` and `mark` with one reader, and by `at` and `mark` with four.
///
/// `PKTMETA_SOCKET_DATAGRAMS` says of how many datagrams in all; `make torture` has ten million.
@Suite(Kernel.required, .serialized) struct SocketTortureTests {
    static let datagrams = Int(ProcessInfo.processInfo.environment["PKTMETA_SOCKET_DATAGRAMS"] ?? "") ?? 100_000
    /// Of the registry, at the least; each waits for the kernel.
    static let changes = datagrams > 1_000_000 ? 20 : 4
    /// Tenths of them.
    static let shares = [("torture-next", 3), ("torture-batch", 3), ("torture-at", 2), ("torture-threads", 2)]

    @Test func noAnswerIsEverWrong() throws {
        try Kernel.run {
            let bench = try SocketBench(fields: [("number", "u64", ["--source", "payload:42"])])
            try bench.attach("all")
            let registry = try Registry.open(at: bench.scratch.path, for: .write)
            var churn = FieldChurn()
            // Each from bytes of its own, behind the number (bytes_of() of the application).
            churn.source = { .payload(offset: 42 + 8 * ($0 + 1)) }
            var others = 0
            for (scenario, tenths) in Self.shares {
                let count = Self.datagrams / 10 * tenths
                let before = churn.operations
                let application = Background { try bench.ask(scenario, count: count) }
                var progress = Progress()
                while !application.isDone {
                    try churn.change(registry, [])
                    progress.tell("sockets: \(scenario), \(churn.operations) changes")
                }
                let says = try #require(application.output)
                print("sockets: \(says), \(churn.operations - before) changes")
                let seen = Self.counts(says)
                #expect(seen["wrong"] == 0, "\(says)")
                // More than the receive buffer holds is dropped; and what waits too long has lost its area.
                #expect(seen["datagrams", default: 0] > count * 9 / 10, "\(says)")
                #expect(seen["numbers", default: 0] > count / 2, "\(says)")
                others += min(seen["others", default: 0], seen["gone", default: 0])
            }
            #expect(others > 0)
            #expect(churn.operations >= Self.changes)
        }
    }

    /// Of `next: 5 datagrams, 3 numbers`.
    private static func counts(_ line: String) -> [String: Int] {
        var counts: [String: Int] = [:]
        for part in line.split(separator: ": ").last?.split(separator: ", ") ?? [] {
            let words = part.split(separator: " ")
            if words.count == 2 { counts[String(words[1])] = Int(words[0]) }
        }
        return counts
    }
}

/// A body on a thread of its own.
private final class Background: Sendable {
    private let done = Atomic<Bool>(false)
    private let result = Mutex<String?>(nil)

    init(_ body: @escaping @Sendable () throws -> String) {
        let thread = Thread { [self] in
            let output = try? body()
            result.withLock { $0 = output }
            done.store(true, ordering: .releasing)
        }
        thread.start()
    }

    var isDone: Bool { done.load(ordering: .acquiring) }
    /// nil if the body has thrown.
    var output: String? { result.withLock { $0 } }
}
