// SPDX-License-Identifier: BSD-2-Clause

import Linux
import PacketMetadataSockets
import TestSupport
import Testing

/// Answers about datagrams in all that can happen to these, and to a socket: each is compared with what the next read returns.
@Suite(Kernel.required) struct SocketDatagramTests {
    /// Scenarios of the application with what it has to say.
    static let reads: [(scenario: String, says: String)] = [
        ("group", "4 sockets; group: 200 right, 0 wrong"),
        ("filter", "filter: 200 right, 0 wrong"),
        ("peek-offset", "peek offset: 200 right, 0 wrong"),
        ("dup", "dup: 200 right, 0 wrong"),
        ("busy-poll", "busy poll: 200 right, 0 wrong"),
        ("lengths", "lengths: 13 right, 0 wrong"),
    ]

    @Test(arguments: SocketBench.Family.allCases)
    func whateverElseASocketHasTheAnswerIsRight(family: SocketBench.Family) throws {
        try Kernel.run {
            let bench = try SocketBench(family)
            try bench.attach("next")
            for (scenario, says) in Self.reads { #expect(try bench.ask(scenario) == says) }
        }
    }

    @Test(arguments: SocketBench.Family.allCases)
    func errorsAreAnotherQueue(family: SocketBench.Family) throws {
        try Kernel.run {
            let bench = try SocketBench(family)
            try bench.attach("next")
            let says = try bench.ask("errors")
            #expect(says.hasSuffix("errors: 40 right, 0 wrong"), "\(says)")
            // The kernel sends so many errors of ICMP a second, and no more.
            #expect(!says.hasPrefix("0 ") && !says.contains(", 0 reads failed"), "\(says)")
        }
    }

    /// Five of eleven are, which nothing has found out before they are read.
    @Test(arguments: SocketBench.Family.allCases)
    func wrongChecksumsArePassedOver(family: SocketBench.Family) throws {
        try Kernel.run {
            let bench = try SocketBench(family)
            try bench.attach("next,batch,at")
            #expect(try bench.ask("checksum") == "checksum: 204 right, 0 wrong")
            #expect(try bench.ask("checksum-peek") == "checksum, peek: 204 right, 0 wrong")
            #expect(try bench.ask("checksum-batch") == "checksum, batch: 200 right, 0 wrong")
            #expect(try bench.ask("checksum-at") == "checksum, at: 204 right, 0 wrong")
            let unchecked = try bench.ask("unchecked")
            #expect(unchecked.contains(" 0 wrong") && unchecked.hasSuffix(" EBADMSG"), "\(unchecked)")
        }
    }

    @Test func theFirstFragmentIsWhatIsAskedAbout() throws {
        try Kernel.run {
            let bench = try SocketBench()
            try bench.attach("next")
            #expect(try bench.ask("fragments") == "fragments: 20 right, 0 wrong")
        }
    }

    /// So many as the area's size allows.
    @Test func areasAreKeptOfTheLastDatagrams() throws {
        try Kernel.run {
            let bench = try SocketBench()
            try bench.attach("at")
            let says = try bench.ask("overflow")
            let words = says.split(separator: " ")
            let right = words.dropFirst().first.flatMap { Int($0) } ?? 0
            #expect((16...128).contains(right), "\(says)")
            #expect(says == "overflow: \(right) right, 0 wrong, \(200 - right) ESTALE")
        }
    }

    /// It stays of its maker's cgroup, whoever has it.
    @Test func aSocketThatIsPassedOnIsAnsweredAsItsMakers() throws {
        try Kernel.run {
            let bench = try SocketBench()
            // Before anything is attached; its maker is no more.
            let passed = try bench.attachments.pair.inReceiver {
                Box(try ReceivingSocket(port: VethPair.port, of: bench.cgroup))
            }
            try bench.attach("next")
            try bench.sendNumbers(2)
            let number = try SocketField<UInt64>("number", on: passed.value.descriptor)
            for value in 0..<UInt64(2) {
                #expect(try number.next(on: passed.value.descriptor) == value)
                #expect(passed.value.receive()?.first == UInt8(value))
            }
            // And one that comes from elsewhere to an application of the cgroup.
            #expect(try bench.ask("given") == "given: ENOPROTOOPT")
        }
    }

    /// Four threads that ask and read in turn get right answers; without a lock, some are wrong, and how many is no matter here.
    @Test func aLockAroundBothMakesAnswersRight() throws {
        try Kernel.run {
            let bench = try SocketBench()
            try bench.attach("next")
            let says = try bench.ask("next-turns", count: 5000)
            #expect(says.contains(" 0 wrong") && !says.contains(": 0 right"), "\(says)")
            print("sockets: \(says); \(try bench.ask("next-threads", count: 5000))")
        }
    }
}
