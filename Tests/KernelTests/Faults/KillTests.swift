// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import TestSupport
import Testing

/// Commands killed before each of their system calls that change something, while packets pass.
///
/// The machinery behind it was tested in memory, killed after each step of a change; this is the real thing. A call that
/// only reads is no place of its own: killed there, the command leaves what it leaves at the next call.
///
/// `PKTMETA_KILL_SECONDS` says how long each command is tried; `make kill-test` takes as long as all calls take. Places
/// are spread evenly over the command, from a place on that `PKTMETA_KILL_OFFSET` says, or else chance.
@Suite(Kernel.required, .serialized) struct KillTests {
    private static let environment = ProcessInfo.processInfo.environment
    static let seconds = Double(environment["PKTMETA_KILL_SECONDS"] ?? "") ?? 1
    static let offset = Int(environment["PKTMETA_KILL_OFFSET"] ?? "") ?? Int.random(in: 0..<10_000)
    /// Also where each takes long.
    static let fewest = 4

    @Test(arguments: KillScene.all)
    func whatIsKilledIsFinishedOrRemoved(_ scene: KillScene) throws {
        try Kernel.run {
            let sweep = try KillSweep(scene)
            let start = ContinuousClock.now
            var visits = 0
            for place in sweep.places(from: Self.offset) {
                if visits >= Self.fewest, ContinuousClock.now - start > .seconds(Self.seconds) { break }
                try expectSound(sweep, place)
                visits += 1
            }
            let took = ContinuousClock.now - start
            print(
                "killed: \(scene.testDescription): \(visits) of \(sweep.places(from: 0).count) places in \(took), offset \(Self.offset)"
            )
            #expect(!sweep.carriesConstants || sweep.got > 0, "packets passed")
        }
    }

    private func expectSound(_ sweep: KillSweep, _ place: KillSweep.Place) throws {
        do {
            let outcome = try sweep.visit(place)
            #expect(
                outcome.problems.isEmpty,
                "\(sweep.scene.testDescription), \(place), at \(outcome.call): \(outcome.problems)")
        } catch {
            Issue.record("\(sweep.scene.testDescription), \(place): \(error)")
            throw error
        }
    }
}

/// One command, killed at one place after the other.
final class KillSweep {
    let scene: KillScene
    private let bench: KillBench
    private let calls: Int
    private let steps: [Int]
    private let old: (names: Set<String>, pins: Set<String>)
    private let new: (names: Set<String>, pins: Set<String>)
    /// Constants that readers got.
    private(set) var got = 0

    struct Place: CustomStringConvertible {
        let number: Int
        let signal: Int32

        var description: String { "call \(number), signal \(signal)" }
    }

    struct Outcome {
        let call: String
        var problems: [String]
    }

    /// Runs the command once to its end, and back.
    init(_ scene: KillScene) throws {
        self.scene = scene
        bench = try KillBench(.paced)
        try bench.run(scene.prepare, allowing: [66])
        old = (try bench.view(of: scene)?.names ?? [], bench.pins)
        let whole = try bench.trace(scene.command)
        try #require(whole.exitCode == 0 && whole.call == nil, "\(scene.testDescription): \(whole)")
        calls = whole.calls
        steps = whole.steps
        new = (try bench.view(of: scene)?.names ?? [], bench.pins)
        try bench.run(scene.undo, allowing: [66])
    }

    /// Whether the prebuilt pair is attached throughout.
    var carriesConstants: Bool { scene.prepare.contains { $0.contains("prebuilt") } }

    /// Each place once: before each call, and behind it. First, every second is one where a change has just become
    /// visible; and any number of them from the start on lies spread over all.
    func places(from offset: Int) -> [Place] {
        let decisive = Self.spread(steps, from: offset)
        let others = Self.spread(Array(Set(1...calls).subtracting(steps)).sorted(), from: offset)
        var numbers: [Int] = []
        for index in 0..<max(decisive.count, others.count) {
            if index < decisive.count { numbers.append(decisive[index]) }
            if index < others.count { numbers.append(others[index]) }
        }
        // Behind a call is before the next, so few of the short form are that.
        let behind = numbers.enumerated().map { Place(number: $1, signal: $0 % 2 == 0 ? SIGTERM : SIGINT) }
        var places: [Place] = []
        for (index, number) in numbers.enumerated() {
            places.append(Place(number: number, signal: SIGKILL))
            if index % 4 == 3 { places.append(behind[index / 4]) }
        }
        return places + behind.dropFirst(numbers.count / 4)
    }

    /// All numbers, each once, if the stride has no divisor in common with how many there are.
    private static func spread(_ numbers: [Int], from offset: Int) -> [Int] {
        let golden = max(1, Int(Double(numbers.count) * 0.618))
        let stride = (golden...).first { gcd($0, numbers.count) == 1 } ?? 1
        return numbers.indices.map { numbers[(offset + $0 * stride) % numbers.count] }
    }

    private static func gcd(_ a: Int, _ b: Int) -> Int { b == 0 ? a : gcd(b, a % b) }

    func visit(_ place: Place) throws -> Outcome {
        let before = try bench.view(of: scene)
        let map = bench.registryMap
        let run = try bench.trace(scene.command, stoppingAt: place.number, by: place.signal)
        var outcome = Outcome(call: run.call ?? "the end", problems: [])
        if let exitCode = run.exitCode, exitCode != 0 {
            outcome.problems.append("exit code \(exitCode): \(run.output)")
        }
        if run.call != nil, run.exitCode != nil, place.signal == SIGKILL {
            outcome.problems.append("it was not killed")
        }

        try outcome.problems += compare(bench.view(of: scene), with: before, "right after")
        try bench.run([["status"]], allowing: [66])
        // Sometimes the user tries again, sometimes somebody else does something, or repairs.
        if place.number % 3 == 0 {
            try bench.run([scene.command], allowing: [66])
            if bench.pins != new.pins { outcome.problems.append("tried again: \(difference(bench.pins, new.pins))") }
            try outcome.problems += compare(bench.view(of: scene), with: before, "tried again")
        } else {
            try outcome.problems += continueOtherwise(before, repairs: place.number % 3 == 1)
        }
        try outcome.problems += leaks(map)
        let wrong = try bench.wrongValues()
        if wrong > 0 { outcome.problems.append("\(wrong) values were wrong") }

        try bench.run(scene.undo, allowing: [66])
        if bench.pins != old.pins { outcome.problems.append("undone: \(difference(bench.pins, old.pins))") }
        let after = try bench.view(of: scene)
        if after?.names ?? [] != old.names { outcome.problems.append("undone: fields \(after?.names ?? [])") }
        got += after?.got ?? 0
        return outcome
    }

    private func continueOtherwise(_ before: KillBench.View?, repairs: Bool) throws -> [String] {
        if !scene.hasRegistry.after {
            try bench.run([["delete-registry", "--force"]], allowing: [66])
            return bench.pins.isEmpty ? [] : ["deleted again: \(bench.pins)"]
        }
        // There may be no registry yet, which is no case for repair.
        let isThere = try bench.view(of: scene) != nil
        if repairs && isThere {
            try bench.run([["repair"]])
        } else {
            try bench.run([["register-field", "probe", "--type", "u8"]])
        }
        var problems = PinSets(old: old.pins, new: new.pins).problems(bench.pins)
        problems += try compare(bench.view(of: scene), with: before, "seen to", allowing: ["probe"])
        try bench.run([["unregister-field", "probe"]], allowing: [66])
        return problems
    }

    /// Fields that are there before and after the command are there throughout, with their ids.
    private func compare(
        _ view: KillBench.View?, with before: KillBench.View?, _ when: String, allowing extra: Set<String> = []
    ) throws -> [String] {
        guard let view else {
            return scene.hasRegistry.before && scene.hasRegistry.after ? ["\(when): no registry"] : []
        }
        var problems = view.problems.map { "\(when): \($0)" }
        let always = old.names.intersection(new.names)
        let names = view.names.subtracting(extra)
        if !always.isSubset(of: names) || !names.isSubset(of: old.names.union(new.names)) {
            problems.append("\(when): fields \(names)")
        }
        for name in always where view.fields[name]?.id != before?.fields[name]?.id {
            problems.append("\(when): \(name) has another id")
        }
        if scene.command != ["compact"] {
            for name in always where view.fields[name] != before?.fields[name] {
                problems.append("\(when): \(name) has moved")
            }
        }
        return problems
    }

    /// - Parameter map: the registry's before the command.
    private func leaks(_ map: UInt32?) throws -> [String] {
        var leaks: [String] = []
        // The kernel frees behind a grace period, and another test's child may hold a descriptor until it executes.
        _ = try eventually {
            leaks = try bench.leaks()
            if let map, map != bench.registryMap {
                let users = try KernelObjects(using: [map])
                if !users.programs.isEmpty { leaks.append("of the registry that is gone: programs \(users.programs)") }
            }
            return leaks.isEmpty
        }
        return leaks
    }

    private func difference(_ pins: Set<String>, _ expected: Set<String>) -> String {
        "more pins \(pins.subtracting(expected).sorted()), missing \(expected.subtracting(pins).sorted())"
    }
}

/// What may be pinned once a killed command was seen to by the next: of each attachment and each steering all that was
/// there before, or all that is there after the command.
struct PinSets {
    let old: Set<String>
    let new: Set<String>

    func problems(_ pins: Set<String>) -> [String] {
        let folders = Set(old.union(new).union(pins).compactMap(Self.folder))
        var problems: [String] = []
        for folder in folders.sorted() {
            let part = pins.filter { Self.folder($0) == folder }
            let (before, after) = (old.filter { Self.folder($0) == folder }, new.filter { Self.folder($0) == folder })
            if part != before && part != after { problems.append("half of \(folder): \(part.sorted())") }
        }
        let registry = pins.filter { Self.folder($0) == nil }
        let steering = pins.contains { $0.hasPrefix("steering/") } ? ["steering"] : []
        let ofSockets = old.union(new).filter { $0 == "asked" || $0.split(separator: "/").first == "sockets" }
        if registry != Set(["."] + ScratchRegistry.partsOfEmpty + steering).union(ofSockets) {
            problems.append("pins \(registry.sorted())")
        }
        return problems
    }

    /// Of an attachment or a steering that a pin belongs to.
    private static func folder(_ pin: String) -> String? {
        let parts = pin.split(separator: "/")
        return parts.count > 1 && ["attachments", "steering"].contains(parts[0]) ? "\(parts[0])/\(parts[1])" : nil
    }
}
