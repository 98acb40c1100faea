// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Foundation
import Linux
import SystemPackage
import TestSupport
import Testing

/// Programs as cls_bpf filters, for kernels without TCX.
@Suite(Kernel.required) struct TCFilterTests {
    /// A veth pair whose far end has a clsact qdisc, and a map that all counting programs share.
    final class Bench: @unchecked Sendable {
        let pair: VethPair
        let ifindex: UInt32
        private let counted: BPFMap

        init(qdisc: Bool = true) throws {
            pair = try VethPair()
            counted = try BPFMap(creating: "counted", .init(kind: .array, valueSize: 8, entries: 1))
            let ifindex = try pair.inReceiver { try NetworkInterface(named: VethPair.far).index }
            self.ifindex = ifindex
            if qdisc {
                let made = try pair.inReceiver { try ClsactQdisc.create(ifindex: ifindex) }
                #expect(made)
            }
        }

        func program(_ name: String = "count_and_go_on", counting: Bool = true) throws -> BPFProgram {
            let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("count_tc")), name: "count")
            if counting { try object.reuse(counted, as: "counted") }
            return try object.load(only: name)
        }

        var count: UInt64 {
            get throws { try counted.values(at: 0)[0].withUnsafeBytes { $0.load(as: UInt64.self) } }
        }

        /// So many, and no more.
        func expectCount(_ expected: Int, sourceLocation: SourceLocation = #_sourceLocation) throws {
            let arrived = try eventually { try count >= UInt64(expected) }
            #expect(arrived, sourceLocation: sourceLocation)
            #expect(try count == UInt64(expected), sourceLocation: sourceLocation)
        }

        func here<Value: ~Copyable>(_ body: () throws -> Value) throws -> Value { try pair.inReceiver(body) }

        func tc(_ command: String) throws {
            let outcome = try here { try ChildProcess.run(["tc"] + command.split(separator: " ").map(String.init)) }
            #expect(outcome.status == 0, "tc \(command): \(outcome.output)")
        }
    }

    static func errno<Value: ~Copyable>(of body: () throws -> Value) throws -> Errno? {
        do {
            _ = try body()
            return nil
        } catch let error as BPFError {
            return error.errno
        }
    }

    @Test func aFilterCountsEachPacketUntilItIsDetached() throws {
        try Kernel.run {
            let bench = try Bench()
            let program = try bench.program()
            let filter = try bench.here { try TCFilter.attach(program, ifindex: bench.ifindex, .ingress) }
            #expect(filter == TCFilter(ifindex: bench.ifindex, .ingress, priority: 49152, handle: 1))
            #expect(try bench.here { try filter.programID() } == program.id)
            try bench.pair.send(100)
            try bench.expectCount(100)

            #expect(try bench.here { try filter.detach(program.id) })
            #expect(try bench.here { try filter.programID() } == nil)
            try bench.pair.send(10)
            #expect(try bench.count == 100)
            #expect(try bench.here { try !filter.detach(program.id) })
        }
    }

    @Test func onePlaceIsTakenOnce() throws {
        try Kernel.run {
            let bench = try Bench()
            let program = try bench.program()
            try bench.here { () throws in
                let filter = try TCFilter.attach(program, ifindex: bench.ifindex, .ingress, at: (7, 3))
                #expect(filter == TCFilter(ifindex: bench.ifindex, .ingress, priority: 7, handle: 3))
                let again = try Self.errno {
                    try TCFilter.attach(program, ifindex: bench.ifindex, .ingress, at: (7, 3))
                }
                #expect(again == .fileExists)
                #expect(try TCFilter.filters(ifindex: bench.ifindex, .ingress).map(\.place) == [filter])
            }
            try bench.pair.send(10)
            try bench.expectCount(10)
        }
    }

    @Test func withoutAPlaceItRunsBehindThoseThereAre() throws {
        try Kernel.run {
            let bench = try Bench()
            let first = try bench.program("count_and_end")
            let second = try bench.program()
            try bench.here { () throws in
                let foreign = try TCFilter.attach(first, ifindex: bench.ifindex, .ingress, at: (300, 1))
                let ours = try TCFilter.attach(second, ifindex: bench.ifindex, .ingress)
                #expect(ours.priority == 301)
                let filters = try TCFilter.filters(ifindex: bench.ifindex, .ingress)
                #expect(filters.map(\.place) == [foreign, ours])
                #expect(filters.map(\.programID) == [first.id, second.id])
                #expect(filters.map(\.name) == ["count_and_end:[\(first.id)]", "count_and_go_on:[\(second.id)]"])
            }
            // The first ends the list, so the second sees nothing.
            try bench.pair.send(10)
            try bench.expectCount(10)

            try bench.here { () throws in
                _ = try TCFilter.attach(second, ifindex: bench.ifindex, .ingress, at: (65535, 1))
                let full = try Self.errno { try TCFilter.attach(second, ifindex: bench.ifindex, .ingress) }
                #expect(full == .noSpace)
            }
        }
    }

    /// One thread sends all the time while another replaces the program.
    @Test func replacingMissesNoPacket() throws {
        try Kernel.run {
            let bench = try Bench()
            var attached = try bench.program().id
            let filter = try bench.here { try TCFilter.attach(bench.program(), ifindex: bench.ifindex, .ingress) }
            attached = try #require(try bench.here { try filter.programID() })

            let sent = 3000
            let done = DispatchSemaphore(value: 0)
            let thread = Thread {
                try? bench.pair.send(sent)
                done.signal()
            }
            thread.start()
            var replaced = 0
            while done.wait(timeout: .now()) == .timedOut {
                let next = try bench.program(replaced % 2 == 0 ? "count_and_end" : "count_and_go_on")
                try bench.here { try filter.replace(attached, by: next) }
                attached = next.id
                replaced += 1
            }
            #expect(replaced >= 5)
            try bench.expectCount(sent)
            #expect(try bench.here { try filter.programID() } == attached)
        }
    }

    @Test func onlyTheExpectedProgramIsReplacedOrDetached() throws {
        try Kernel.run {
            let bench = try Bench()
            let ours = try bench.program()
            let theirs = try bench.program("count_and_end")
            try bench.here { () throws in
                let place = try TCFilter.attach(theirs, ifindex: bench.ifindex, .ingress)
                #expect(try Self.errno { try place.replace(ours.id, by: ours) } == .noSuchFileOrDirectory)
                #expect(try !place.detach(ours.id))
                #expect(try place.programID() == theirs.id)

                // A filter that is gone is not made again.
                #expect(try place.detach(theirs.id))
                #expect(try Self.errno { try place.replace(theirs.id, by: ours) } == .noSuchFileOrDirectory)
                #expect(try TCFilter.filters(ifindex: bench.ifindex, .ingress).isEmpty)
            }
        }
    }

    @Test func aQdiscOfOnesOwnIsRemovedWithTheLastFilter() throws {
        try Kernel.run {
            let bench = try Bench()
            let ours = try bench.program()
            try bench.tc(
                "filter add dev far0 egress bpf direct-action object-file \(Fixture.object("tagger")) section tc")
            try bench.here { () throws in
                #expect(try ClsactQdisc.isMarked(ifindex: bench.ifindex))
                #expect(try !ClsactQdisc.create(ifindex: bench.ifindex))
                let filter = try TCFilter.attach(ours, ifindex: bench.ifindex, .ingress)
                #expect(try !ClsactQdisc.removeIfUnused(ifindex: bench.ifindex))
                #expect(try filter.programID() == ours.id)
                #expect(try filter.detach(ours.id))
                // The filter at egress is left.
                #expect(try !ClsactQdisc.removeIfUnused(ifindex: bench.ifindex))
            }
            try bench.tc("filter del dev far0 egress")
            try bench.here { () throws in
                #expect(try ClsactQdisc.removeIfUnused(ifindex: bench.ifindex))
                #expect(try !ClsactQdisc.exists(ifindex: bench.ifindex))
                #expect(try !ClsactQdisc.removeIfUnused(ifindex: bench.ifindex))
            }
        }
    }

    @Test(arguments: ["clsact", "ingress"])
    func aQdiscOfSomeoneElseIsUsedAndStays(kind: String) throws {
        try Kernel.run {
            let bench = try Bench(qdisc: false)
            try bench.tc("qdisc add dev far0 \(kind)")
            let ours = try bench.program()
            let filter = try bench.here { () throws in
                #expect(try !ClsactQdisc.create(ifindex: bench.ifindex))
                return try TCFilter.attach(ours, ifindex: bench.ifindex, .ingress)
            }
            try bench.pair.send(10)
            try bench.expectCount(10)
            try bench.here { () throws in
                #expect(try filter.detach(ours.id))
                #expect(try !ClsactQdisc.removeIfUnused(ifindex: bench.ifindex))
                #expect(try ClsactQdisc.exists(ifindex: bench.ifindex))
            }
        }
    }

    /// Other tools make sure of the qdisc by replacing it: then it is theirs too.
    @Test func aQdiscThatSomeoneElseTakesOverStays() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.tc("qdisc replace dev far0 clsact")
            try bench.here { () throws in
                #expect(try ClsactQdisc.exists(ifindex: bench.ifindex))
                #expect(try !ClsactQdisc.isMarked(ifindex: bench.ifindex))
                #expect(try !ClsactQdisc.removeIfUnused(ifindex: bench.ifindex))
            }
        }
    }

    @Test func whatIsMissingIsSaid() throws {
        try Kernel.run {
            let bench = try Bench(qdisc: false)
            let program = try bench.program()
            try bench.here { () throws in
                do throws(BPFError) {
                    _ = try TCFilter.attach(program, ifindex: bench.ifindex, .ingress)
                    Issue.record("attached without a qdisc")
                } catch {
                    #expect(error.errno == .invalidArgument)
                    // libbpf 1.1 sometimes says more, about how it reads the kernel's message.
                    #expect(error.messages.last == "Kernel error message: Parent Qdisc doesn't exists")
                }
                #expect(
                    try Self.errno { try TCFilter.attach(program, ifindex: 4_000_000, .ingress) }
                        == .operationNotSupportedByDevice)
                #expect(try Self.errno { try ClsactQdisc.create(ifindex: 4_000_000) } == .operationNotSupportedByDevice)
                for ifindex in [bench.ifindex, 4_000_000] {
                    let nowhere = TCFilter(ifindex: ifindex, .ingress, priority: 1, handle: 1)
                    #expect(try nowhere.programID() == nil)
                    #expect(try !nowhere.detach(program.id))
                    #expect(try TCFilter.filters(ifindex: ifindex, .ingress).isEmpty)
                    #expect(try !ClsactQdisc.removeIfUnused(ifindex: ifindex))
                }
            }
        }
    }

    /// TCX links go along; filters do not.
    @Test func anInterfaceLeavesItsFiltersBehindWhenItMoves() throws {
        try Kernel.run {
            let bench = try Bench()
            let program = try bench.program()
            let filter = try bench.here { try TCFilter.attach(program, ifindex: bench.ifindex, .ingress) }
            let path = "/proc/\(ProcessID.current)/fd/\(bench.pair.sender.fd.raw)"
            try bench.here { try VethPair.ip("link set far0 netns \(path)") }
            #expect(try bench.here { try filter.programID() } == nil)
            try bench.pair.inSender { () throws in
                let moved = try NetworkInterface(named: VethPair.far).index
                #expect(try !ClsactQdisc.exists(ifindex: moved))
                #expect(try TCFilter.filters(ifindex: moved, .ingress).isEmpty)
            }
        }
    }
}
