// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Where a field is still there after what the kernel and others do to a packet, on real packets.
@Suite(Kernel.required) struct SurvivalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let row: SurvivalRow
        let mode: XDPMode
        let amount: Int32

        var testDescription: String { "\(row.path) (\(mode), \(amount))" }
    }

    static let cases = SurvivalRow.all.flatMap { row in
        row.mode.attachments.flatMap { mode in row.route.amounts.map { Case(row: row, mode: mode, amount: $0) } }
    }

    private static let count: UInt64 = 20

    @Test(arguments: cases)
    func aPathHasItsOutcome(_ one: Case) throws {
        try Kernel.run {
            let bench = try SurvivalBench(one.row.route, one.mode, amount: one.amount)
            if one.row.outcome == .noPacket { return try Self.expectNoPacket(bench) }
            try bench.send(Int(Self.count))
            let arrived = try eventually { try bench.seen().packets >= Self.count }
            #expect(arrived)
            let seen = try bench.seen()
            Self.expect(seen, one.row.outcome)
            try Self.expectSetAndChanged(bench, one.row.route)
            if case .stream(let merged) = one.row.route.traffic {
                #expect((seen.merged > 0) == merged, "\(seen)")
            } else {
                #expect(seen.packets == Self.count)
            }
        }
    }

    private static func expect(_ seen: SurvivalSeen, _ outcome: SurvivalRow.Outcome) {
        #expect(seen.wrong == 0, "a wrong value: \(seen)")
        #expect(seen.other == 0, "an errno that no row has: \(seen)")
        let all = seen.packets
        let isExpected =
            switch outcome {
            case .value: seen.right == all && seen.opened == all
            case .gone: seen.fault == all && seen.opened == 0 && seen.metadata == 0
            case .moved: seen.fault == all && seen.opened == 0 && seen.metadata == all
            case .notSet: seen.noEntry == all && seen.opened == all
            case .valueOrGone:
                seen.right + seen.fault == all && seen.opened == seen.right && seen.metadata == seen.right
            case .noPacket: all == 0
            }
        #expect(isExpected, "\(outcome): \(seen)")
    }

    /// Else a path would prove nothing: the field was not set, or nothing was done to the packet.
    private static func expectSetAndChanged(_ bench: SurvivalBench, _ route: SurvivalRoute) throws {
        let (set, notSet) = try bench.stamped()
        #expect(route.stamp == nil ? set == 0 : set >= count)
        #expect(notSet == 0)
        #expect(bench.tapHasSeenPacket() == route.tap)
        guard route.change != nil else { return }
        let (changed, unchanged) = try bench.changed()
        #expect(route.changeFails ? changed == 0 && unchanged == count : changed == count && unchanged == 0)
    }

    /// What arrives once the peer polls is only what is sent from then on.
    private static func expectNoPacket(_ bench: SurvivalBench) throws {
        try bench.send(Int(count))
        let redirected = try eventually { try bench.stamped().set >= count }
        #expect(redirected)
        try bench.enableEndGRO()
        try bench.send(Int(count))
        let arrived = try eventually { try bench.seen().packets >= count }
        #expect(arrived)
        #expect(try bench.seen().packets == count)
        expect(try bench.seen(), .value)
    }
}

/// Needs no privileges.
@Suite struct SurvivalTestsDocument {
    private static let file = URL(
        fileURLWithPath: Fixture.root.appending("Sources/PacketMetadata/PacketMetadata.docc/Survival.md").string)

    /// `UPDATE_SNAPSHOTS=1 swift test` writes the table anew.
    @Test func survivalMdHasTheTable() throws {
        let lines = try String(contentsOf: Self.file, encoding: .utf8).components(separatedBy: "\n")
        let first = try #require(lines.firstIndex { $0.hasPrefix("| --- ") }) + 1
        let end = try #require(lines[first...].firstIndex { !$0.hasPrefix("|") })
        let rows = SurvivalRow.all.map(\.rendered)
        if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] != nil {
            let text = (lines[..<first] + rows + lines[end...]).joined(separator: "\n")
            try Data(text.utf8).write(to: Self.file)
        } else {
            #expect(Array(lines[first..<end]) == rows)
        }
    }
}
