// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Foundation
import Linux
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// Sixteen processes at a time that register and unregister the same few names.
///
/// `PKTMETA_CONCURRENCY_SECONDS` says how long.
@Suite(Kernel.required, .serialized) struct ConcurrencyTests {
    static let seconds = Double(ProcessInfo.processInfo.environment["PKTMETA_CONCURRENCY_SECONDS"] ?? "") ?? 4

    @Test func nothingIsLostOrDouble() throws {
        try Kernel.run {
            let crowd = try Crowd()
            let seen = try crowd.run(seconds: Self.seconds)
            let log = crowd.attempts.withLock { $0 }
            let history = History(log)
            print("concurrency: \(history.summary), inspected \(seen.count) times")

            #expect(seen.problems.isEmpty, "\(seen.problems)")
            #expect(history.badCodes.isEmpty, "\(history.badCodes)")
            #expect(history.problems.isEmpty, "\(history.problems)")
            let live = try #require(try crowd.bench.view()).fields.mapValues(\.id)
            #expect(history.live == live, "who was told that a field is there finds it there")
            // Otherwise the test would show nothing.
            #expect(history.registered.count > 10 && history.unregistered.count > 10)
            #expect(log.contains { $0.exitCode == 66 } && seen.count > 5)
        }
    }
}

/// What one process was asked, and answered.
private struct Attempt: Sendable {
    let command: [String]
    let name: String
    let start, end: ContinuousClock.Instant
    let exitCode: Int32
    let output: String

    var json: [String: any Sendable] {
        (try? JSONSerialization.jsonObject(with: Data(output.utf8))) as? [String: any Sendable] ?? [:]
    }
    var id: Int? { (json["field"] as? [String: any Sendable])?["id"] as? Int }
    var isNew: Bool { json["isNew"] as? Bool == true }
}

/// Processes that have one registry in common.
private final class Crowd: @unchecked Sendable {
    static let size = 16
    private static let names = (0..<6).map { "name_\($0)" }
    private static let types = ["u8", "u16", "u32", "u64", "bytes:12", "mac"]

    let bench: KillBench
    let attempts = Mutex<[Attempt]>([])
    private let running = Atomic<Int>(0)

    init() throws {
        bench = try KillBench()
        try bench.run([["create-registry"]])
    }

    /// - Returns: what was seen meanwhile.
    func run(seconds: Double) throws -> (count: Int, problems: [String]) {
        let deadline = ContinuousClock.now + .seconds(seconds)
        running.store(Self.size, ordering: .relaxed)
        for number in 0..<Self.size {
            Thread { [self] in
                while ContinuousClock.now < deadline { attempt(number) }
                running.subtract(1, ordering: .acquiringAndReleasing)
            }.start()
        }
        var count = 0
        var problems: [String] = []
        let isOver = try eventually(within: .seconds(seconds + 60)) {
            problems += try bench.view()?.problems ?? ["no registry"]
            count += 1
            return running.load(ordering: .acquiring) == 0
        }
        try #require(isOver)
        return (count, problems)
    }

    private func attempt(_ number: Int) {
        let place = Self.names.indices.randomElement() ?? 0
        let name = Self.names[place]
        var command = ["unregister-field", name]
        if number == 0, Bool.random() {
            command = ["compact"]
        } else if Bool.random() {
            // Now and then as another type, which the name may not have.
            let type = Int.random(in: 0..<4) == 0 ? Self.types.randomElement() ?? "flag" : Self.types[place]
            command = ["register-field", name, "--type", type]
        }
        let start = ContinuousClock.now
        let arguments = [Fixture.command] + command + ["--json", "--registry", bench.scratch.path.string]
        guard let outcome = try? ChildProcess.run(arguments) else { return }
        let attempt = Attempt(
            command: command, name: name, start: start, end: .now, exitCode: outcome.status, output: outcome.output)
        attempts.withLock { $0.append(attempt) }
    }
}

/// Whether the answers are those of one registry that was changed by one command after the other.
private struct History {
    var registered: [Int: Attempt] = [:]
    var unregistered: [Int: Attempt] = [:]
    var problems: [String] = []
    let badCodes: [String]
    let summary: String

    init(_ log: [Attempt]) {
        badCodes = log.filter { ![0, 66, 73, 75].contains($0.exitCode) }
            .map { "\($0.command): exit code \($0.exitCode): \($0.output)" }
        let codes = Dictionary(grouping: log, by: \.exitCode).mapValues(\.count).sorted { $0.key < $1.key }
        let longest = log.map { $0.end - $0.start }.max() ?? .zero
        summary = "\(log.count) commands, exit codes \(codes.map { "\($0.key): \($0.value)" }), longest \(longest)"
        for attempt in log where attempt.exitCode == 0 && attempt.command != ["compact"] {
            guard let id = attempt.id else {
                problems.append("no id: \(attempt.output)")
                continue
            }
            if attempt.command[0] == "unregister-field" {
                if unregistered.updateValue(attempt, forKey: id) != nil { problems.append("\(id) unregistered twice") }
            } else if attempt.isNew {
                if registered.updateValue(attempt, forKey: id) != nil { problems.append("\(id) given out twice") }
            }
        }
        for attempt in log where attempt.exitCode == 0 && attempt.command != ["compact"] {
            if let id = attempt.id, registered[id]?.name != attempt.name { problems.append("\(id) is from nowhere") }
        }
        checkOrder()
    }

    /// An id is live at least from when it was given out to when somebody began to unregister it. In that time no other
    /// of its name is.
    private mutating func checkOrder() {
        for (name, lives) in Dictionary(grouping: registered, by: \.value.name) {
            let times = lives.map { id, attempt in (id: id, from: attempt.end, to: unregistered[id]?.start) }
                .filter { life in life.to.map { life.from < $0 } ?? true }.sorted { $0.from < $1.from }
            for (one, next) in zip(times, times.dropFirst()) where one.to.map({ $0 > next.from }) ?? true {
                problems.append("\(name): \(one.id) and \(next.id) at a time")
            }
        }
    }

    /// Ids that were given out and not taken back, by name.
    var live: [String: Int] {
        let left = registered.filter { unregistered[$0.key] == nil }
        return Dictionary(left.map { ($0.value.name, $0.key) }) { first, _ in first }
    }
}
