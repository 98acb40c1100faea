// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage
internal import Testbed

/// Gets of one field out of the kernel's memory, as programs of all layers make them, beside those of TC programs
/// (bpf/bench/layers.bpf.c).
///
/// BPF_PROG_TEST_RUN gives TC programs packets without metadata. So all programs run one after the other for packets that come
/// through a veth pair, and the kernel counts their time.
struct LayersBenchmark {
    let benchmark: Benchmark

    private static let capacity = 64
    /// As bpf/bench/layers.bpf.c has it.
    private static let gets = 96
    private static let frames = 1000
    private static let limit = 1.5

    /// A way to read the kernel's memory, and the object that is made to read so.
    private enum Way: String, CaseIterable {
        case bytes = "layers"
        case types = "layers_types"
        case probe = "layers_probe"

        var title: String {
            switch self {
            case .bytes: "bpf_rdonly_cast(), bytes"
            case .types: "bpf_rdonly_cast(), types"
            case .probe: "bpf_probe_read_kernel()"
            }
        }

        /// The function of the kernel that tells that it has this way, as <pktmeta/skb.bpf.h> asks.
        var function: String? {
            switch self {
            case .bytes: "bpf_strlen"
            case .types: "bpf_rdonly_cast"
            case .probe: nil
            }
        }
    }

    func run() throws(PacketMetadataError) -> [BenchmarkSection] {
        do {
            let capacity = try Registry.grantedCapacity(of: [Self.capacity])
            let place = try Benchmark.registry("layers", capacity: capacity, fields: 3)
            let types = try KernelTypes(functions: Set(Way.allCases.compactMap(\.function)))
            let ways = Way.allCases.filter { $0.function.map(types.hasFunction) ?? true }
            let contexts = try Readers(.bytes, ["empty", "tc_bound", "tc_by_id"], place)
            let readers = try ways.map { try Readers($0, ["skb_bound", "skb_by_id"], place) }
            try sample([contexts] + readers, place)
            return [section(contexts, readers)]
        } catch {
            throw Benchmark.failure(error)
        }
    }

    /// All at one interface, each for the same packets.
    private func sample(_ readers: [Readers], _ place: borrowing TemporaryRegistry) throws {
        let path = try FramePath()
        guard try path.inReceiver({ try TCXPrograms.query(ifindex: path.receiver.index, .ingress) }) != nil else {
            throw PacketMetadataError(BenchmarkRefusal.noTCXLinks(.invalidArgument))
        }
        let setter = try BenchmarkObject(.bound).load(["live_set"], in: .registry(place.path))
        let link = try path.inReceiver {
            try BPFLink.xdp(setter.program("live_set"), ifindex: path.receiver.index, mode: .native)
        }
        defer { withExtendedLifetime(link) {} }
        for readers in readers {
            try path.inReceiver { try readers.attach(to: path.receiver) }
        }
        let dropper = try Dropper(on: path)
        for round in 0...benchmark.rounds {
            if round.isMultiple(of: 10) { benchmark.progress("layers: round \(round) of \(benchmark.rounds)") }
            try Benchmark.stopIfInterrupted()
            let statistics = try RunStatistics()
            for readers in readers { try readers.begin() }
            _ = try path.send(Self.frames) { try dropper.seen }
            // The first round is cold.
            for readers in readers { try readers.end(isCounted: round > 0) }
            _ = consume statistics
        }
    }

    private func section(_ contexts: Readers, _ readers: [Readers]) -> BenchmarkSection {
        func costs(_ readers: Readers, _ name: String) -> [Double] {
            zip(readers.times(name), contexts.times("empty")).map { ($0 - $1) / Double(Self.gets) }
        }
        let (bound, byID) = (costs(contexts, "tc_bound"), costs(contexts, "tc_by_id"))
        let rows = Way.allCases.map { way in
            guard let readers = readers.first(where: { $0.way == way }) else {
                return BenchmarkSection.Row(way.title, [nil, nil], note: "this kernel has not got it")
            }
            return .init(way.title, ["skb_bound", "skb_by_id"].map { Estimate(costs(readers, $0)) })
        }
        let bars = readers.first { $0.way != .probe }.map { cast in
            [("bound", costs(cast, "skb_bound"), bound), ("by id", costs(cast, "skb_by_id"), byID)].map {
                Bar("get of one u64 by bpf_rdonly_cast() / at TC, \($0)", .atMost(Self.limit), .ratio($1, to: $2))
            }
        }
        return BenchmarkSection(
            .layers, "Get one u64 where the kernel has the packet", unit: "ns a packet", columns: ["BOUND", "BY ID"],
            rows: [.init("the context's pointers, at TC", [Estimate(bound), Estimate(byID)])] + rows, charted: [0],
            bars: bars ?? [],
            notes: [
                "A packet's area is opened and one get is made, \(Self.gets) times in a loop for each packet that comes through a veth "
                    + "pair; the empty loop is taken off. By the kernel's own count of run times."
            ])
    }

    /// Programs of one object that run one after the other.
    private final class Readers {
        let way: Way
        private let object: BPFObject
        private let names: [String]
        private var links: [LinkHolder] = []
        private var before: [ProgramInformation] = []
        private var runs: UInt64 = 0
        /// ns a packet, by program and round.
        private var samples: [String: [Double]] = [:]

        init(_ way: Way, _ names: [String], _ place: borrowing TemporaryRegistry) throws {
            self.way = way
            self.names = names
            object = try BenchmarkObject(named: way.rawValue).load(Set(names), in: .registry(place.path))
        }

        func attach(to interface: NetworkInterface) throws {
            for name in names {
                links.append(
                    LinkHolder(
                        try BPFLink.tcx(object.program(name), ifindex: interface.index, .ingress, at: .last)))
            }
        }

        func begin() throws { before = try names.map { try ProgramInformation(object.program($0)) } }

        /// - Throws: if a value was not that which was set.
        func end(isCounted: Bool) throws {
            for (name, before) in zip(names, before) {
                let now = try ProgramInformation(object.program(name))
                if isCounted { samples[name, default: []].append(now.timeOfRuns(since: before)) }
                runs += now.runs - before.runs
            }
            guard try object.map("bench_counts").total(at: 1) == runs else {
                throw PacketMetadataError(BenchmarkRefusal.wrongFields(way.title))
            }
        }

        func times(_ name: String) -> [Double] { samples[name, default: []] }
    }
}
