// SPDX-License-Identifier: BSD-2-Clause

import TestSupport
import Testing

/// Sockets on which something else reads than the plain functions of UDP and TCP are refused, for as long as it does.
@Suite(Kernel.required) struct OtherReaderTests {
    @Test func aSocketInASockmapIsRefused() throws {
        try Kernel.run {
            let bench = try SocketBench()
            try bench.attach("next")
            #expect(
                try bench.ask("sockmap") == """
                    sockmap, UDP: EAGAIN, in the map EPROTONOSUPPORT, later EAGAIN
                    sockmap, TCP: 0, in the map EPROTONOSUPPORT, later 0
                    """)
        }
    }

    @Test func socketsOfOtherKindsAreRefused() throws {
        try Kernel.run {
            let bench = try SocketBench()
            try bench.attach("next")
            #expect(
                try bench.ask("raw") == """
                    raw: EPROTONOSUPPORT
                    packet: EPROTONOSUPPORT
                    netlink: EPROTONOSUPPORT
                    TCP that is not connected: EAGAIN
                    """)
        }
    }

    @Test func aSocketOfKernelTLSIsRefused() throws {
        try Kernel.run {
            let bench = try SocketBench()
            try bench.attach("next")
            let says = try bench.ask("ktls")
            if says.contains("not in this kernel") {
                print("NOT TESTED: \(says)")
            } else {
                #expect(says == "kTLS: before keys EAGAIN, with keys EPROTONOSUPPORT")
            }
        }
    }

    /// A listener of MPTCP, which is what Go's are by default, accepts plain connections from clients that know nothing of it.
    @Test(arguments: SocketBench.Family.allCases)
    func plainConnectionsToAListenerOfMPTCPAreAnswered(family: SocketBench.Family) throws {
        try Kernel.run {
            let bench = try SocketBench(family)
            try bench.addPeer()
            try bench.attach("next,bytes")
            let says = try bench.ask("mptcp")
            if says.contains("not in this kernel") {
                print("NOT TESTED: \(says)")
            } else {
                #expect(
                    says == """
                        MPTCP: listening EPROTONOSUPPORT, accepted: 10 right, 0 wrong
                        MPTCP, kept: 10 right, 0 wrong
                        """)
            }
        }
    }

    @Test(arguments: SocketBench.Family.allCases)
    func datagramsOfUDPLiteAreAnswered(family: SocketBench.Family) throws {
        try Kernel.run {
            let bench = try SocketBench(family)
            try bench.attach("next")
            let says = try bench.ask("udp-lite")
            if says.contains("not in this kernel") {
                print("NOT TESTED: \(says)")
            } else {
                #expect(says == "UDP-Lite: 40 right, 0 wrong")
            }
        }
    }

    /// What io_uring reads as it comes, nobody can ask about before; by its timestamp, also then.
    @Test func readingByIOUringTakesThePacket() throws {
        try Kernel.run {
            let bench = try SocketBench()
            try bench.attach("next,at")
            let says = try bench.ask("io_uring").split(separator: "\n").map(String.init)
            if says.first?.contains("not in this kernel") ?? true {
                print("NOT TESTED: \(says)")
                return
            }
            #expect(says.first == "asked, then submitted: 50 right, 0 wrong")
            #expect(says.dropFirst().first == "submitted, then asked: 0 right, 0 wrong, 50 EAGAIN")
            #expect(says.dropFirst(2).first == "at: 50 right, 0 wrong")
            if says.contains("multishot: not in this kernel") {
                print("NOT TESTED: multishot: not in this kernel")
            } else {
                #expect(says.contains("multishot, the first: 1 right, 0 wrong"))
                #expect(says.contains("multishot, the others: 0 right, 0 wrong, 8 EAGAIN"))
            }
        }
    }
}
