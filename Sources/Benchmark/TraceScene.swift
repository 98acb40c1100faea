// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import Testbed

/// Where the tracer is told of a packet.
enum TraceStop: String {
    case gro, receive, queue, transmit, freed, dropped

    var tracepoint: String {
        switch self {
        case .gro: "napi_gro_receive_entry"
        case .receive: "netif_receive_skb"
        case .queue: "net_dev_queue"
        case .transmit: "net_dev_start_xmit"
        case .freed: "consume_skb"
        case .dropped: "kfree_skb"
        }
    }

    var program: String { "at_\(rawValue)" }
}

/// A veth pair whose receiver gives packets an area, or none, and ends them so that they come by the stations.
final class TraceScene {
    /// What becomes of packets at TC.
    enum End: CaseIterable {
        case dropped, sentBack, stolen

        /// Where packets come by that have this end, and no others do.
        var stations: [TraceStop] {
            switch self {
            case .dropped: [.gro, .receive, .dropped]
            case .sentBack: [.queue, .transmit]
            case .stolen: [.freed]
            }
        }

        /// Of bpf/bench/none.bpf.c.
        fileprivate var program: String { self == .sentBack ? "send_back" : "live_get" }

        /// Of linux/pkt_cls.h: TC_ACT_STOLEN, TC_ACT_SHOT.
        fileprivate var verdict: Int32 { self == .stolen ? 4 : 2 }
    }

    private let path: FramePath
    private let withArea: Loaded
    private let withoutArea: Loaded
    private let ends: [(end: End, loaded: Loaded)]
    private let xdp: BPFLink
    private let filter: TCFilter
    private var hasArea = true
    private var end = End.dropped

    /// A program, of an object that holds its maps.
    private final class Loaded {
        let object: BPFObject
        let program: BPFProgram

        init(_ object: consuming BPFObject, _ name: String) throws(BPFError) {
            program = try object.program(name)
            self.object = object
        }
    }

    /// - Parameter place: of a registry with the benchmark's first 3 fields, which areas then have.
    init(_ place: borrowing TemporaryRegistry) throws {
        let path = try FramePath()
        let receiver = path.receiver
        let setter = try Loaded(
            BenchmarkObject(.bound).load(["live_set"], in: .registry(place.path)), "live_set")
        withArea = setter
        withoutArea = try Loaded(BenchmarkObject(named: "none").load(["live_set"], in: .alone), "live_set")
        var ends: [(end: End, loaded: Loaded)] = []
        for end in End.allCases {
            let object = try BenchmarkObject(named: "none").load(
                [end.program], in: .alone, constants: ["bench_verdict": encode(end.verdict)])
            ends.append((end, try Loaded(object, end.program)))
        }
        let first = ends[0].loaded
        self.ends = ends
        xdp = try path.inReceiver { try BPFLink.xdp(setter.program, ifindex: receiver.index, mode: .native) }
        // Of TC programs that are attached by TCX, none may steal packets.
        filter = try path.inReceiver {
            _ = try ClsactQdisc.create(ifindex: receiver.index)
            return try TCFilter.attach(first.program, ifindex: receiver.index, .ingress)
        }
        self.path = path
    }

    /// Sends so many packets that have an area, or none, all to the same end.
    func send(_ count: Int, _ end: End, hasArea: Bool) throws {
        try change(to: end, hasArea: hasArea)
        let counts = try loaded(end).object.map("bench_counts")
        _ = try path.send(count) { try counts.total(at: 0) }
    }

    private func loaded(_ end: End) -> Loaded { ends.first { $0.end == end }!.loaded }

    private func change(to end: End, hasArea: Bool) throws {
        if hasArea != self.hasArea {
            let (new, old) = hasArea ? (withArea, withoutArea) : (withoutArea, withArea)
            try xdp.update(to: new.program, replacing: old.program)
            self.hasArea = hasArea
        }
        if end != self.end {
            let (new, old) = (loaded(end), loaded(self.end))
            try path.inReceiver { try filter.replace(old.program.id, by: new.program) }
            self.end = end
        }
    }
}
