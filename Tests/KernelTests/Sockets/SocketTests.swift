// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata
@testable import RegistryModel

/// Applications without privilege get fields of what they receive, by `<pktmeta/socket.h>`.
@Suite(Kernel.required) struct SocketTests {
    private static let count = 200

    /// Scenarios of the application with what it has to say of 200 questions.
    static let datagrams: [(scenario: String, says: String)] = [
        ("next", "next: 200 right, 0 wrong"),
        ("peek", "peek: 400 right, 0 wrong"),
        ("connected", "connected: 200 right, 0 wrong"),
        ("epoll", "epoll: 200 right, 0 wrong"),
        ("batch", "batch: 200 right, 0 wrong"),
        ("recvmmsg", "recvmmsg: 200 right, 0 wrong"),
    ]

    @Test(arguments: SocketBench.Family.allCases)
    func eachDatagramsFieldIsThatOfTheNextRead(family: SocketBench.Family) throws {
        try Kernel.run {
            let bench = try SocketBench(family)
            try bench.attach("next,batch")
            for (scenario, says) in Self.datagrams { #expect(try bench.ask(scenario) == says) }
        }
    }

    @Test(arguments: SocketBench.Family.allCases)
    func aDatagramIsFoundByItsTimestamp(family: SocketBench.Family) throws {
        try Kernel.run {
            let bench = try SocketBench(family)
            try bench.attach("at")
            #expect(try bench.ask("at") == "at: 200 right, 0 wrong")
            let threads = try bench.ask("at-threads", count: 2000)
            #expect(threads.contains(" 0 wrong"), "\(threads)")
            let right = threads.split(separator: " ").dropFirst(3).first.flatMap { Int($0) } ?? 0
            #expect(right > 1000, "\(threads)")
        }
    }

    @Test(arguments: SocketBench.Family.allCases)
    func aFieldComesAsTheMark(family: SocketBench.Family) throws {
        try Kernel.run {
            let bench = try SocketBench(family)
            try bench.attach("mark")
            #expect(try bench.ask("mark") == "mark: 200 right, 0 wrong")
        }
    }

    @Test(arguments: SocketBench.Family.allCases)
    func bytesOfTCPAreToldApart(family: SocketBench.Family) throws {
        try Kernel.run {
            let bench = try SocketBench(family)
            try bench.attach("next")
            #expect(try bench.ask("requests") == "requests: 200 right, 0 wrong")
            let merged = try bench.ask("merged")
            #expect(merged.contains(" 0 wrong") && merged.hasSuffix(" ENODATA"), "\(merged)")
            try bench.attach("next,bytes")
            #expect(try bench.ask("bytes") == "bytes: 40 right, 0 wrong")
            let bulk = try bench.ask("bulk", count: 100)
            #expect(bulk.contains(" 0 wrong") && !bulk.contains(": 0 right"), "\(bulk)")
        }
    }

    @Test func datagramsThatWereMergedHaveTheirFields() throws {
        try Kernel.run {
            let bench = try SocketBench()
            try bench.attach("next")
            try bench.attachments.pair.inReceiver { try VethPair.setOffloads(VethPair.far, "gro on") }
            let says = try bench.ask("udp-gro")
            #expect(says.contains(" 0 wrong") && !says.contains("EFAULT") && !says.contains(": 0 right"), "\(says)")
            print("sockets: \(says)")
        }
    }

    private static let refusals = """
        empty: EAGAIN
        listening: EAGAIN
        bytes of a datagram: EPROTONOSUPPORT
        no such field: ENOENT
        no id: ENOENT
        other size: EINVAL
        larger size: EINVAL
        too large: EINVAL
        not set: ENOENT
        no such name: ENOENT
        hidden name: ENOENT
        mark of 8 bytes: EINVAL
        never kept: ESTALE
        small buffer: EINVAL
        large buffer: 0
        other way: EOPNOTSUPP
        no place: 0
        set garbage: EINVAL
        UNIX: EPROTONOSUPPORT
        MPTCP: EPROTONOSUPPORT
        closed: EBADF
        """

    @Test func whatCannotBeAnsweredIsRefused() throws {
        try Kernel.run {
            let bench = try SocketBench()
            try bench.attach("all")
            #expect(try bench.ask("refusals") == Self.refusals)
        }
    }

    /// As if nothing were there.
    @Test func othersCgroupsGetNoAnswer() throws {
        try Kernel.run {
            let bench = try SocketBench()
            let other = try ScratchCgroup()
            try bench.attach("all")
            #expect(try bench.ask("sizes").contains("tenant"))
            #expect(try bench.ask("sizes", in: other) == "")
            let child = try bench.cgroup.child("service")
            #expect(try bench.ask("next", in: child) == "next: 200 right, 0 wrong")
            try bench.run(["detach-from-cgroup", bench.cgroup.path.string, "--sockets"])
            #expect(try bench.ask("sizes") == "")
        }
    }

    /// The kernel runs no such programs for calls of 32-bit programs.
    @Test func programsOf32BitsGetNoAnswer() throws {
        try Kernel.run {
            let bench = try SocketBench()
            try bench.attach("next")
            let says = try bench.ask("compat")
            #expect(says == "32-bit: EOPNOTSUPP" || says == "not in this kernel", "\(says)")
        }
    }

    @Test func timestampsOfMicrosecondsFindNothing() throws {
        try Kernel.run {
            let bench = try SocketBench()
            try bench.attach("at")
            #expect(try bench.ask("microseconds") == "50 datagrams, 0 with nanoseconds")
        }
    }

    /// The wish of a socket outlasts the programs, and its marks are the field again once there are programs.
    @Test func marksAreNoFieldsWithoutPrograms() throws {
        try Kernel.run {
            let bench = try SocketBench()
            try bench.attach("mark")
            #expect(
                try bench.ask("mark-detached", meanwhile: bench.steps(attaching: "mark"))
                    == "attached: mark 7, detached: mark 0, attached anew: mark 7")
        }
    }

    /// Of two registries, that of the nearest cgroup answers, and of one cgroup that which was attached first.
    @Test func theNearestProgramsAnswer() throws {
        try Kernel.run {
            let bench = try SocketBench()
            let other = ScratchRegistry()
            let child = try bench.cgroup.child("service")
            let ofOther = ["--registry", other.path.string]
            #expect(CommandRun(["register-field", "other", "--type", "u32"] + ofOther).exitCode == 0)
            func attachOther(_ cgroup: ScratchCgroup) {
                let run = CommandRun(["attach-to-cgroup", cgroup.path.string, "--sockets", "all"] + ofOther)
                #expect(run.exitCode == 0, "\(run.errors)")
            }
            try bench.attach("all")
            attachOther(bench.cgroup)
            for cgroup in [bench.cgroup, child] {
                #expect(try bench.ask("next", in: cgroup) == "next: 200 right, 0 wrong")
                #expect(try bench.ask("at", in: cgroup) == "at: 200 right, 0 wrong")
                #expect(try bench.ask("mark", in: cgroup) == "mark: 200 right, 0 wrong")
            }
            attachOther(child)
            #expect(try bench.ask("sizes", in: child) == "other, type 4, 4 bytes: EFAULT")
        }
    }

    /// A registry that is attached to a cgroup and to one above answers as one that is attached once.
    @Test func attachedTwice() throws {
        try Kernel.run {
            let bench = try SocketBench()
            let child = try bench.cgroup.child("service")
            try bench.attach("all")
            try bench.run(["attach-to-cgroup", child.path.string, "--sockets", "all"])
            #expect(try bench.ask("refusals", in: child) == Self.refusals)
            // Each program keeps areas, so that those of 50 datagrams may not all be there any more.
            let at = try bench.ask("at", in: child)
            #expect(at.contains(" 0 wrong") && !at.contains(": 0 right"), "\(at)")
            for scenario in ["next", "batch", "mark"] {
                #expect(try bench.ask(scenario, in: child) == "\(scenario): 200 right, 0 wrong")
            }
            #expect(try bench.ask("bytes", in: child) == "bytes: 40 right, 0 wrong")
        }
    }

    @Test func eachSizeIsToldWhole() throws {
        try Kernel.run {
            let bytes = (1...64).map { String($0, radix: 16) }.map { $0.count == 1 ? "0\($0)" : $0 }
            let bench = try SocketBench(
                capacity: 216,
                fields: [
                    ("byte", "u8", ["--source", "constant:1"]), ("two", "u16", ["--source", "constant:0x0102"]),
                    ("four", "u32", ["--source", "constant:0x01020304"]),
                    ("eight", "u64", ["--source", "constant:0x0102030405060708"]),
                    ("odd", "bytes:13", ["--source", "constant:0x\(bytes.prefix(13).joined())"]),
                    ("long", "bytes:64", ["--source", "constant:0x\(bytes.joined())"]),
                    ("set", "flag", ["--source", "constant"]), ("clear", "flag", []),
                    ("hidden", "u8", ["--source", "constant:1", "--no-sockets"]),
                ])
            try bench.attach("next")
            #expect(
                try bench.ask("sizes") == """
                    byte, type 2, 1 bytes: 01
                    two, type 3, 2 bytes: 0201
                    four, type 4, 4 bytes: 04030201
                    eight, type 5, 8 bytes: 0807060504030201
                    odd, type 11, 13 bytes: \(bytes.prefix(13).joined())
                    long, type 11, 64 bytes: \(bytes.joined())
                    set, type 1, 0 bytes: 
                    clear, type 1, 0 bytes: ENOENT
                    """)
        }
    }

    /// Each option of others', asked for and set in whatever size, does the same with the programs as without.
    @Test func otherOptionsStayAsTheyAre() throws {
        try Kernel.run {
            let bench = try SocketBench()
            let without = try bench.ask("others")
            try bench.attach("all")
            let with = try bench.ask("others")
            #expect(without.split(separator: "\n").count == 3 * 8 * 80 * 2)
            for (one, other) in zip(without.split(separator: "\n"), with.split(separator: "\n")) {
                #expect(one == other)
            }
        }
    }
}
