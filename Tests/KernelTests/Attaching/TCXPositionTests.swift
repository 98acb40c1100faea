// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import SystemPackage
import TestSupport
import Testing

/// The order of programs on a TCX hook.
@Suite(Kernel.required) struct TCXPositionTests {
    typealias Bench = OccupancyTests.Bench

    /// A program with its link, since neither can be in an array.
    final class Attached {
        let program: BPFProgram
        let link: BPFLink

        init(
            _ bench: Bench, _ position: TCXPosition, _ direction: TrafficDirection = .ingress, revision: UInt64? = nil
        ) throws {
            let program = try bench.load("foreign_tc")
            link = try bench.pair.inReceiver {
                try BPFLink.tcx(program, ifindex: bench.ifindex, direction, at: position, revision: revision)
            }
            self.program = program
        }

        var linkID: UInt32 { get throws { try link.information.id } }
    }

    static func query(_ bench: Bench, _ direction: TrafficDirection = .ingress) throws -> TCXPrograms {
        try #require(try bench.pair.inReceiver { try TCXPrograms.query(ifindex: bench.ifindex, direction) })
    }

    @Test(arguments: TrafficDirection.allCases)
    func positions(direction: TrafficDirection) throws {
        try Kernel.run {
            let bench = try Bench()
            let middle = try Attached(bench, .last, direction)
            let first = try Attached(bench, .first, direction)
            let last = try Attached(bench, .last, direction)
            let early = try Attached(bench, .before(.program(middle.program.id)), direction)
            let late = try Attached(bench, .after(.link(middle.linkID)), direction)
            let before = try Attached(bench, .before(.link(last.linkID)), direction)
            let after = try Attached(bench, .after(.program(first.program.id)), direction)
            let order = [first, after, early, middle, late, before, last]
            let query = try Self.query(bench, direction)
            #expect(query.programs.map(\.id) == order.map { $0.program.id })
            #expect(try query.programs.map(\.linkID) == order.map { try $0.linkID })
            let other: TrafficDirection = direction == .ingress ? .egress : .ingress
            #expect(try Self.query(bench, other).programs.isEmpty)
        }
    }

    @Test func theRevisionGuardsThePosition() throws {
        try Kernel.run {
            let bench = try Bench()
            let empty = try Self.query(bench)
            let one = try Attached(bench, .first, revision: empty.revision)
            let seen = try Self.query(bench)
            #expect(seen.revision > empty.revision)
            let two = try Attached(bench, .first, revision: seen.revision)
            do {
                _ = try Attached(bench, .first, revision: seen.revision)
                Issue.record("the hook has changed")
            } catch let error as BPFError {
                #expect(error.errno == .staleNFSFileHandle)
            }
            #expect(try Self.query(bench).programs.map(\.id) == [two.program.id, one.program.id])
        }
    }

    @Test func neighboursMustBeThere() throws {
        try Kernel.run {
            let bench = try Bench()
            let one = try Attached(bench, .first)
            let elsewhere = try Attached(bench, .first, .egress)
            for neighbour in [TCXNeighbour.program(elsewhere.program.id), .link(try elsewhere.linkID)] {
                do {
                    _ = try Attached(bench, .before(neighbour))
                    Issue.record("\(neighbour) is on another hook")
                } catch let error as BPFError {
                    #expect(error.errno == .noSuchFileOrDirectory, "\(neighbour)")
                }
            }
            #expect(try Self.query(bench).programs.map(\.id) == [one.program.id])
        }
    }

    @Test func aProgramIsThereOnce() throws {
        try Kernel.run {
            let bench = try Bench()
            let one = try Attached(bench, .first)
            do {
                _ = try bench.pair.inReceiver {
                    try BPFLink.tcx(one.program, ifindex: bench.ifindex, .ingress, at: .last)
                }
                Issue.record("it is there twice")
            } catch let error as BPFError {
                #expect(error.errno == .fileExists)
            }
        }
    }

    @Test func anInterfaceThatIsNot() throws {
        try Kernel.run {
            do {
                _ = try TCXPrograms.query(ifindex: 9999, .ingress)
                Issue.record("there is none")
            } catch let error as BPFError {
                #expect(error.errno == .operationNotSupportedByDevice)
            }
        }
    }
}
