// SPDX-License-Identifier: BSD-2-Clause

import TestSupport
import Testing

/// Answers about bytes of TCP, of segments that are made by hand (Tests/Applications/socket_reader/frames.c): which of them
/// brought a byte, the byte itself says.
@Suite(Kernel.required) struct SocketStreamTests {
    /// What the application says of segments in each order that networks bring them in, with areas kept.
    ///
    /// Bytes that came twice with different areas, and those in whose place the kernel reads others, are not answered.
    private static let segments = """
        in order: 3 right, 0 wrong
        out of order: 3 right, 0 wrong
        sent again: 1 right, 0 wrong, 1 ENODATA
        sent again, earlier: 1 right, 0 wrong, 1 ENODATA
        the same sent again: 2 right, 0 wrong
        overlapping: 3 right, 0 wrong, 1 ENODATA
        overlapping out of order: 2 right, 0 wrong, 2 ENODATA
        within a larger one: 3 right, 0 wrong, 1 ENODATA
        larger than those between: 3 right, 0 wrong, 2 ENODATA
        a wrong checksum: 1 right, 0 wrong, 1 ENODATA
        far ahead: 1 right, 0 wrong
        with FIN: 2 right, 0 wrong
        with FIN, sent again: 2 right, 0 wrong
        FIN, then sent again: 2 right, 0 wrong
        FIN first: 1 right, 0 wrong, 1 ENODATA
        urgent at the end: 2 right, 0 wrong, 1 ENODATA
        urgent at the start: 2 right, 0 wrong, 1 ENODATA
        urgent alone: 2 right, 0 wrong, 1 ENODATA
        """

    /// The kernel merges what it queues: so only of the first bytes of each connection it is sure to know.
    @Test(arguments: SocketBench.Family.allCases)
    func theNextBytesAreTheirPackets(family: SocketBench.Family) throws {
        try Kernel.run {
            let bench = try SocketBench(family)
            try bench.addPeer()
            try bench.attach("next")
            for scenario in ["segments", "round", "first-bytes", "late", "asked-late", "small-buffer"] {
                let lines = try bench.ask(scenario).split(separator: "\n")
                #expect(!lines.isEmpty)
                for line in lines {
                    #expect(line.contains(" 0 wrong"), "\(scenario): \(line)")
                    #expect(scenario == "late" || !line.contains(": 0 right"), "\(scenario): \(line)")
                }
            }
        }
    }

    @Test(arguments: SocketBench.Family.allCases)
    func keptBytesAreTheirPackets(family: SocketBench.Family) throws {
        try Kernel.run {
            let bench = try SocketBench(family)
            try bench.addPeer()
            try bench.attach("next,bytes")
            #expect(try bench.ask("segments") == Self.segments)
            #expect(try bench.ask("round") == "round: 4 right, 0 wrong")
            // Bytes that came with the end of the handshake, and another connection's of the same numbers.
            #expect(try bench.ask("first-bytes") == "first: 2 right, 0 wrong\nanother's: 2 right, 0 wrong")
            // Of what was given up, and what came before it was asked for, nothing is known, whoever sends it again.
            #expect(try bench.ask("late") == "late: 0 right, 0 wrong, 150 ENODATA")
            #expect(try bench.ask("asked-late") == "asked late: 1 right, 0 wrong, 1 ENODATA")
            // The kernel copies packets together, and drops some: their fields stay known.
            let small = try bench.ask("small-buffer")
            #expect(small.hasPrefix("1200 bytes, ") && small.contains(" 0 wrong"), "\(small)")
            #expect(!small.contains(": 0 right") && !small.contains(": 1 right"), "\(small)")
        }
    }

    /// Programs that were away know nothing of the bytes that came meanwhile, whoever sends them again.
    @Test func bytesThatCameWhileNoProgramWasAttachedAreNotKnown() throws {
        try Kernel.run {
            let bench = try SocketBench()
            try bench.addPeer()
            try bench.attach("next,bytes")
            let steps = bench.steps(attaching: "next,bytes")
            #expect(try bench.ask("gap", meanwhile: steps) == "gap: 1 right, 0 wrong, 1 ENODATA")
        }
    }

    @Test(arguments: SocketBench.Family.allCases)
    func eachWayOfReadingReturnsWhatWasAskedAbout(family: SocketBench.Family) throws {
        try Kernel.run {
            let bench = try SocketBench(family)
            try bench.addPeer()
            try bench.attach("next,bytes")
            let ways = ["read", "recvmsg", "MSG_WAITALL", "MSG_PEEK", "dup", "splice", "SO_RCVLOWAT"]
            let says = ways.map { "\($0): 10 right, 0 wrong" }.joined(separator: "\n")
            #expect(try bench.ask("tcp-ways") == says)
            #expect(
                try bench.ask("tcp-empty") == """
                    before the first byte: 0 right, 0 wrong, 2 EAGAIN
                    a read returns 0; behind the last byte: 0 right, 0 wrong, 2 EAGAIN
                    """)
        }
    }
}
