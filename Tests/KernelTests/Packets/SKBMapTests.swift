// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

/// What the benchmark keeps beside packets, by the kernel's packet: whose it is, and when it goes.
@Suite(Kernel.required) struct SKBMapTests {
    /// Programs of one object at the far end of a pair, in the order in which they are named.
    private final class Bench {
        let pair: VethPair
        private let object: BPFObject
        private var links: [LinkBox] = []

        static let tracepoints = ["free_dropped": "kfree_skb", "free_consumed": "consume_skb"]

        init(_ path: FilePath, _ programs: [String]) throws {
            pair = try VethPair()
            object = try BPFObject(bytes: Fixture.bytes(path), name: "skb")
            try object.load(Set(programs))
            try pair.inReceiver {
                let ifindex = try NetworkInterface(named: VethPair.far).index
                for name in programs {
                    let program = try object.program(name)
                    if let tracepoint = Self.tracepoints[name] {
                        links.append(LinkBox(try .rawTracepoint(program, named: tracepoint)))
                    } else {
                        links.append(LinkBox(try .tcx(program, ifindex: ifindex, .ingress, at: .last)))
                    }
                }
            }
        }

        func count(_ slot: Int, in map: String = "counts") throws -> UInt64 {
            try object.map(map).values(at: slot).reduce(0) { $0 + decode($1, as: UInt64.self) }
        }

        var entries: Int { get throws { try object.map("skb_map").entryCount } }

        /// Packets that begin with 0, 1, 2 and so on.
        func sendNumbers(_ count: Int) throws {
            try pair.inSender {
                let sender = try UDPSender(to: [192, 0, 2, 2], port: VethPair.port)
                for number in 0..<UInt32(count) {
                    try sender.send(encode(number))
                    if number % 32 == 31 { Pause.sleep(milliseconds: 1) }
                }
            }
        }

        deinit { withExtendedLifetime(links) {} }
    }

    /// Of Tests/Programs/skb_map.bpf.c.
    private enum Count: Int {
        case own, anothers, nothing, stored, overtaken
    }

    private static let packets = 1000

    private static func run(_ programs: [String], _ compiler: Fixture.Compiler) throws -> Bench {
        let bench = try Bench(Fixture.object("skb_map", compiler), programs)
        try bench.sendNumbers(packets)
        #expect(
            try eventually {
                try [Count.own, .anothers, .nothing].reduce(0) { try $0 + bench.count($1.rawValue) } == packets
            })
        return bench
    }

    @Test(arguments: Fixture.Compiler.usual)
    func whatIsStoredIsThatPacketsAndGoesWithIt(compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let bench = try Self.run(["free_dropped", "free_consumed", "store_even", "find"], compiler)
            #expect(try bench.count(Count.own.rawValue) == Self.packets / 2)
            #expect(try bench.count(Count.anothers.rawValue) == 0)
            #expect(try bench.count(Count.nothing.rawValue) == Self.packets / 2)
            #expect(try bench.count(Count.stored.rawValue) == Self.packets / 2)
            #expect(try bench.count(Count.overtaken.rawValue) == 0)
            #expect(try eventually { try bench.entries == 0 })
        }
    }

    /// What the tracepoints are for: the next packet at an address has what the last one left there.
    @Test func whatIsNotFreedIsTakenForTheNextPackets() throws {
        try Kernel.run {
            let bench = try Self.run(["store_even", "find"], .swift)
            #expect(try bench.count(Count.own.rawValue) == Self.packets / 2)
            #expect(try bench.count(Count.anothers.rawValue) > 0)
            let (stored, overtaken) = try (bench.count(Count.stored.rawValue), bench.count(Count.overtaken.rawValue))
            #expect(stored + overtaken == Self.packets / 2 && overtaken > 0)
            #expect(try bench.entries == stored)
        }
    }

    /// The benchmark's own programs; without those that store, those that get find nothing.
    @Test(arguments: ["skb_map", "skb_map_lru", "skb_buffer"], Fixture.Compiler.usual)
    func whatIsStoredAtTCIsGotThere(object: String, compiler: Fixture.Compiler) throws {
        try Kernel.run {
            let freeing = object == "skb_buffer" ? [] : ["free_dropped", "free_consumed"]
            for storing in [["live_set"], []] {
                let bench = try Bench(Fixture.bench(object, compiler), freeing + storing + ["live_get"])
                try bench.sendNumbers(100)
                #expect(try eventually { try bench.count(0, in: "bench_counts") >= 100 })
                let (seen, right) = try (bench.count(0, in: "bench_counts"), bench.count(1, in: "bench_counts"))
                #expect(right == (storing.isEmpty ? 0 : seen))
                if !freeing.isEmpty { #expect(try eventually { try bench.entries == 0 }) }
            }
        }
    }

    @Test func aTracepointThatIsNotThereIsSaidToBeSo() throws {
        try Kernel.run {
            let object = try BPFObject(bytes: Fixture.bytes(Fixture.object("skb_map")), name: "skb")
            let program = ProgramBox(try object.load(only: "free_dropped"))
            let error = #expect(throws: BPFError.self) {
                _ = try BPFLink.rawTracepoint(program.program, named: "no_such_tracepoint")
            }
            #expect(error?.errno == .noSuchFileOrDirectory)
        }
    }
}
