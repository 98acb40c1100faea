// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Where a field is still there after what the kernel and others do to a packet, on real packets, as Survival.md has it for the
/// kernel that runs. `make test-kernels` runs this suite under the others.
@Suite(Kernel.required) struct SurvivalTests {
    private static let count: UInt64 = 20

    /// A section's rows take their paths one after the other, in worlds that they share; sections run side by side.
    @Test(arguments: SurvivalSection.all)
    func eachPathHasItsOutcome(_ section: SurvivalSection) throws {
        try Kernel.run {
            let worlds = Worlds()
            var count = 0
            var absent: [String] = []
            for row in section.rows {
                for mode in row.mode.attachments {
                    for amount in row.route.amounts {
                        let found = try Self.found(row, mode, amount, in: worlds)
                        let isAbsent = found.outcome == .absent
                        // A Linux 6.18 that is built with what this machine's lacks does as the one before it.
                        let expected = isAbsent ? row.outcome(on: .running) : row.outcomes[.running]
                        #expect(
                            found.outcome.map { expected.includes($0) } ?? false,
                            "\(row.path) (\(mode), \(amount)): not \(expected) but \(found)")
                        count += 1
                        if isAbsent, absent.last != row.path { absent.append(row.path) }
                    }
                }
            }
            // A row without an outcome is none that was forgotten.
            let without = absent.isEmpty ? "" : "; not on this kernel: " + absent.joined(separator: ", ")
            print("survival: Linux \(SurvivalKernel.running.heading): \(section.heading): \(count) cases\(without)")
        }
    }

    /// Worlds by what the row's path takes.
    private final class Worlds {
        private var shared: [SurvivalDevice?: SurvivalWorld] = [:]

        func world(for device: SurvivalDevice?) throws -> SurvivalWorld {
            if device?.isFresh == true { return try SurvivalWorld(SurvivalFields()) }
            let key = device?.isAlone == true ? device : nil
            let world = try shared[key] ?? SurvivalWorld(SurvivalFields())
            shared[key] = world
            return world
        }
    }

    /// What happened on a path; no outcome if packets did not all fare alike.
    private struct Found: CustomStringConvertible {
        let outcome: SurvivalOutcome?
        let description: String

        init(_ outcome: SurvivalOutcome?, _ details: Any) {
            self.outcome = outcome
            description = "\(outcome.map { "\($0)" } ?? "a mixture"): \(details)"
        }
    }

    private static func found(
        _ row: SurvivalRow, _ mode: XDPMode, _ amount: Int32, in worlds: Worlds
    ) throws -> Found {
        let bench: SurvivalBench
        do {
            bench = try SurvivalBench(row.route, mode, amount: amount, in: worlds.world(for: row.route.device))
        } catch let absence as SurvivalWorld.Absence {
            return Found(.absent, absence.reason)
        } catch let error as BPFError where error.verifierLog != nil {
            return Found(.notLoaded, error.verifierLog as Any)
        }
        defer { try? bench.end() }
        try bench.send(Int(count))
        if row.outcome(on: .running) == .noPacket { return try foundWhereNoneArrives(bench) }
        let arrived = try eventually { try bench.seen().packets >= count }
        let seen = try bench.seen()
        try expectSetAndChanged(bench, row.route, "\(row.path) (\(mode), \(amount))")
        if case .stream(let merged) = row.route.traffic {
            #expect((seen.merged > 0) == merged, "\(row.path): \(seen)")
        } else {
            #expect(!arrived || seen.packets == count, "\(row.path): \(seen)")
        }
        return Found(seen.outcome, seen)
    }

    /// Else a path would prove nothing: the field was not set, or nothing was done to the packet.
    private static func expectSetAndChanged(_ bench: SurvivalBench, _ route: SurvivalRoute, _ name: String) throws {
        let (set, notSet) = try bench.stamped()
        #expect(route.stamp == nil ? set == 0 : set >= count, "\(name): set on \(set)")
        #expect(notSet == 0, "\(name)")
        #expect(bench.tapHasSeenPacket() == route.tap, "\(name)")
        guard route.change != nil else { return }
        let (changed, unchanged) = try bench.changed()
        let (done, not) = route.changeFails.contains(.running) ? (unchanged, changed) : (changed, unchanged)
        let isStream = if case .stream = route.traffic { true } else { false }
        #expect(not == 0 && (isStream ? done > 0 : done == count), "\(name): \(changed) changed, \(unchanged) not")
    }

    /// Where no packet is to arrive: once packets do, what arrives is only what is sent from then on.
    private static func foundWhereNoneArrives(_ bench: SurvivalBench) throws -> Found {
        let redirected = try eventually { try bench.stamped().set >= count }
        #expect(redirected)
        try bench.letPacketsArrive()
        try bench.send(Int(count))
        let arrived = try eventually { try bench.seen().packets >= count }
        #expect(arrived)
        let seen = try bench.seen()
        return Found(seen.packets == count && seen.wrong == 0 ? .noPacket : nil, seen)
    }
}

/// Needs no privileges.
@Suite struct SurvivalTestsDocument {
    private static let file = URL(
        fileURLWithPath: Fixture.root.appending("Sources/PacketMetadata/PacketMetadata.docc/Survival.md").string)

    /// `UPDATE_SNAPSHOTS=1 swift test` writes the tables anew, each below its heading.
    @Test func survivalMdHasTheTables() throws {
        var lines = try String(contentsOf: Self.file, encoding: .utf8).components(separatedBy: "\n")
        for section in SurvivalSection.all {
            let heading = try #require(lines.firstIndex(of: "### \(section.heading)"), "\(section.heading)")
            let first = try #require(lines[heading...].firstIndex { $0.hasPrefix("| path ") })
            let end = try #require(lines[first...].firstIndex { !$0.hasPrefix("|") })
            if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] != nil {
                lines.replaceSubrange(first..<end, with: section.rendered)
            } else {
                #expect(Array(lines[first..<end]) == section.rendered)
            }
        }
        if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] != nil {
            try Data(lines.joined(separator: "\n").utf8).write(to: Self.file)
        }
    }
}
