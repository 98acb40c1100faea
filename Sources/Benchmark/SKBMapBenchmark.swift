// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage
internal import Testbed

/// What a UDP packet costs the whole system, from the sender's driver to its end, with 3 fields: in pktmeta's area, and in a
/// hash map keyed by the kernel's packet, its sk_buff.
struct SKBMapBenchmark {
    let benchmark: Benchmark

    private static let capacity = 64
    private static let limit = 0.05
    /// Times in a round that each is attached, and sends each time. The fastest of all sends is the round's figure, since
    /// whatever else the machine does only adds.
    private static let turns = 3
    private static let sendsAtOnce = 8
    /// For packets that wait to be read, a page and an sk_buff each.
    private static let socketBuffer = 16 << 20

    /// How packets end.
    private enum Load: CaseIterable {
        case dropped, read

        /// What live_get of bpf/bench returns.
        var verdict: Int32 {
            switch self {
            case .dropped: 2  // TC_ACT_SHOT of linux/pkt_cls.h
            case .read: -1  // TCX_NEXT of linux/bpf.h: to the stack, behind the last program
            }
        }

        /// Of one send: of those that are read, as many as the socket has room for.
        var packets: Int {
            switch self {
            case .dropped: 20_000
            case .read: 1000
            }
        }

        var title: String {
            switch self {
            case .dropped: "dropped at TC"
            case .read: "read from a socket"
            }
        }
    }

    func run() throws(PacketMetadataError) -> [BenchmarkSection] {
        do {
            let capacity = try Registry.grantedCapacity(of: [Self.capacity])
            let place = try Benchmark.registry("skbs", capacity: capacity, fields: 3)
            let path = try FramePath()
            let receiver = path.receiver
            // Then the interface takes frames without an XDP program too.
            try path.inReceiver { try receiver.setMergesPackets(true) }
            guard try path.inReceiver({ try TCXPrograms.query(ifindex: receiver.index, .ingress) }) != nil else {
                throw PacketMetadataError(BenchmarkRefusal.noTCXLinks(.invalidArgument))
            }
            let dispatched = try path.stayInDispatcher()
            defer { withExtendedLifetime(dispatched) {} }
            let ends = try Load.allCases.map { (load: $0, variants: try Variants(in: place, verdict: $0.verdict)) }
            let socket = try path.inReceiver {
                try UDPReceiver(port: BenchmarkPacket.port, buffer: Self.socketBuffer)
            }
            for round in 0...benchmark.rounds {
                if round.isMultiple(of: 5) { benchmark.progress("skbs: round \(round) of \(benchmark.rounds)") }
                for (load, variants) in ends { try sample(variants.all, load, path, socket) }
                // Each once before it counts, so that all find warm caches.
                if round == 0 { for variant in ends.flatMap(\.variants.all) { variant.times = [] } }
            }
            return ends.map { costs($0.variants, $0.load) } + [try leftOver(ends)]
        } catch {
            throw Benchmark.failure(error)
        }
    }

    // MARK: Sampling

    /// A figure of each.
    private func sample(
        _ variants: [Variant], _ load: Load, _ path: FramePath, _ socket: borrowing UDPReceiver
    ) throws {
        var fastest = [Double](repeating: .infinity, count: variants.count)
        for _ in 0..<Self.turns {
            for (index, variant) in variants.enumerated() {
                try Benchmark.stopIfInterrupted()
                let attached = try path.inReceiver { try variant.attach(to: path.receiver) }
                defer { withExtendedLifetime(attached) {} }
                for _ in 0..<Self.sendsAtOnce {
                    fastest[index] = min(fastest[index], try send(load, variant, path, socket))
                }
            }
        }
        for (variant, time) in zip(variants, fastest) { variant.times.append(time) }
    }

    /// - Returns: ns a packet.
    private func send(
        _ load: Load, _ variant: Variant, _ path: FramePath, _ socket: borrowing UDPReceiver
    ) throws -> Double {
        let run = try path.send(load.packets) { try variant.count(.seen) }
        try expectRightFields(variant)
        variant.packets += run.arrived
        guard load == .read else { return Double(run.time) }
        let start = ContinuousClock.now
        let read = try socket.readAll()
        let time = (ContinuousClock.now - start).inSeconds * 1e9
        // The last may be counted at TC before they are in the socket: the next time finds them.
        guard read > 0 else {
            throw PacketMetadataError(BenchmarkRefusal.noPackets(load.packets, interface: path.receiver.name))
        }
        return Double(run.time) + time / Double(read)
    }

    private func expectRightFields(_ variant: Variant) throws {
        guard variant.isChecked, try !variant.hasCheckedAll else { return }
        Pause.sleep(milliseconds: 20)  // another CPU may have counted the last packet, and not its fields yet
        guard try variant.hasCheckedAll else {
            throw PacketMetadataError(BenchmarkRefusal.wrongFields(variant.title))
        }
    }

    // MARK: What it says

    private func costs(_ variants: Variants, _ load: Load) -> BenchmarkSection {
        let counting = variants.counting
        // Once the entries of packets that were read fill it, the other map refuses those that come.
        let opponents = load == .dropped ? [variants.map, variants.lruMap] : [variants.lruMap]
        return BenchmarkSection(
            .skbs, "The whole cost of a UDP packet that is \(load.title): 3 fields set, and got at TC",
            unit: "ns a packet", columns: ["A PACKET", "OVER COUNTING"],
            rows: variants.all.map { variant in
                let difference = variant === counting ? nil : Estimate(variant.costs(over: counting))
                return .init(variant.title, [Estimate(variant.times), difference])
            }, charted: [1],
            bars: opponents.map { map in
                Bar(
                    "cost over a counting TC program, \(load.title), pktmeta / \(map.title)", .atMost(Self.limit),
                    .ratio(variants.pktmeta.costs(over: counting), to: map.costs(over: counting)))
            },
            notes: load == .dropped ? Self.notes : [])
    }

    private static let notes = [
        "Time of the one CPU on which a packet is sent through a veth pair, received, and dropped or read. Maps are filled at TC, "
            + "the first place where there is an sk_buff, and emptied by the raw tracepoints kfree_skb and consume_skb.",
        "By mark: 64 bytes that are neither allocated nor freed, as those that the kernel hangs off an sk_buff would be "
            + "(SKB_EXT_BPF, not merged).",
    ]

    private func leftOver(_ ends: [(load: Load, variants: Variants)]) throws -> BenchmarkSection {
        let rows = try ends.flatMap { load, variants in
            try [variants.map, variants.lruMap].map { variant in
                let counts = [
                    variant.packets, UInt64(try variant.entryCount), try variant.count(.overtaken),
                    try variant.count(.refused),
                ]
                return BenchmarkSection.Row(
                    "\(variant.title), \(load.title)", counts.map { Estimate(exactly: Double($0)) })
            }
        }
        return BenchmarkSection(
            .skbs, "What maps by sk_buff keep of packets that are gone", unit: "packets, entries", digits: 0,
            columns: ["PACKETS", "STAYED OVER", "OVERTAKEN", "REFUSED"], rows: rows,
            notes: [
                "STAYED OVER: entries in the map afterwards. OVERTAKEN: packets that found an earlier one's entry under their address; "
                    + "one for which nothing is stored would take it for its own. REFUSED: packets for which the map had no room."
            ])
    }
}

/// What is compared, in objects of its own.
private struct Variants {
    let counting: Variant
    let pktmeta: Variant
    let map: Variant
    let lruMap: Variant
    let all: [Variant]

    /// - Parameter verdict: what becomes of a packet.
    init(in registry: borrowing TemporaryRegistry, verdict: Int32) throws {
        let place = BenchmarkObject.Loading.registry(registry.path)
        counting = try Variant("counts at TC", "none", [("live_get", .tc)], verdict, isChecked: false)
        let behindXDP = try Variant(
            "the same, XDP passes", "none", [("live_get", .tc), ("live_set", .xdp)], verdict, isChecked: false)
        pktmeta = try Variant(
            Encoding.bound.title, Encoding.bound.rawValue, [("live_get", .tc), ("live_set", .xdp)], verdict, in: place)
        // What frees is attached first, so that nothing is stored that is not freed.
        let freeing: [(String, Variant.Hook)] = [
            ("free_dropped", .tracepoint("kfree_skb")), ("free_consumed", .tracepoint("consume_skb")),
        ]
        let stages: [(String, Variant.Hook)] = [("live_set", .tc), ("live_get", .tc)]
        map = try Variant("hash map by sk_buff", "skb_map", freeing + stages, verdict)
        lruMap = try Variant("LRU hash map by sk_buff", "skb_map_lru", freeing + stages, verdict)
        let buffer = try Variant("64 bytes by mark", "skb_buffer", stages, verdict)
        all = [counting, behindXDP, pktmeta, map, lruMap, buffer]
    }
}

/// Programs that are attached together.
private final class Variant {
    enum Hook {
        case xdp, tc
        case tracepoint(String)
    }

    /// Of bpf/bench/counts.bpf.h.
    enum Count: Int {
        case seen, right, overtaken, refused
    }

    let title: String
    /// Whether it sets fields that may be right or wrong.
    let isChecked: Bool
    /// ns a packet, by rounds.
    var times: [Double] = []
    /// So far.
    var packets: UInt64 = 0

    private let object: BPFObject
    private let counts: BPFMap
    /// In the order in which they are attached.
    private let programs: [(name: String, hook: Hook)]

    init(
        _ title: String, _ object: String, _ programs: [(name: String, hook: Hook)], _ verdict: Int32,
        in place: BenchmarkObject.Loading = .alone, isChecked: Bool = true
    ) throws {
        self.title = title
        self.programs = programs
        self.isChecked = isChecked
        self.object = try BenchmarkObject(named: object).load(
            Set(programs.map(\.name)), in: place, constants: ["bench_verdict": encode(verdict)])
        counts = try self.object.map("bench_counts")
    }

    func count(_ count: Count) throws -> UInt64 {
        try counts.total(at: count.rawValue)
    }

    /// Whether all packets so far had the right values, or were refused any.
    var hasCheckedAll: Bool {
        get throws { try count(.right) + count(.refused) == count(.seen) }
    }

    /// Of a map by sk_buff.
    var entryCount: Int {
        get throws { try object.map("skb_map").entryCount }
    }

    /// What a packet costs more than with another variant, by rounds.
    func costs(over other: Variant) -> [Double] { zip(times, other.times).map { $0 - $1 } }

    /// All programs, to an interface of this thread's network namespace, until the attachments are gone.
    func attach(to interface: NetworkInterface) throws -> [Attachment] {
        try programs.map { try Attachment(object.program($0.name), $0.hook, interface) }
    }

    final class Attachment {
        private let link: BPFLink

        init(_ program: borrowing BPFProgram, _ hook: Hook, _ interface: NetworkInterface) throws {
            switch hook {
            case .xdp: link = try .xdp(program, ifindex: interface.index, mode: .native)
            case .tc: link = try .tcx(program, ifindex: interface.index, .ingress, at: .last)
            case .tracepoint(let name): link = try Self.tracepoint(program, name)
            }
        }

        private static func tracepoint(_ program: borrowing BPFProgram, _ name: String) throws -> BPFLink {
            do throws(BPFError) {
                return try .rawTracepoint(program, named: name)
            } catch {
                guard error.errno == .noSuchFileOrDirectory else { throw error }
                throw PacketMetadataError(BenchmarkRefusal.noTracepoint(name))
            }
        }
    }
}
