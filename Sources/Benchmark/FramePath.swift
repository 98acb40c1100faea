// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage
internal import Testbed

/// A veth pair through which packets are sent as fast as it takes them, by BPF_F_TEST_XDP_LIVE_FRAMES.
///
/// The receiver's interface takes them only while it has an XDP program in native mode, or merges packets (GRO).
final class FramePath {
    private let topology: VethTopology
    private let sender: BPFProgram
    let receiver: NetworkInterface

    init() throws(PacketMetadataError) {
        let topology = try VethTopology.make()
        let (outgoing, incoming) = (VethTopology.senderInterface, VethTopology.receiverInterface)
        let interface = try Self.run(in: topology.sender) { try NetworkInterface(named: outgoing) }
        receiver = try Self.run(in: topology.receiver) { try NetworkInterface(named: incoming) }
        let object = try BenchmarkObject(named: "sender").load(
            ["send"], in: .alone, constants: ["sender_ifindex": encode(interface.index)])
        do throws(BPFError) {
            sender = try object.program("send")
        } catch {
            throw Benchmark.failure(error)
        }
        self.topology = topology
    }

    /// Joins both ends by VXLAN as well.
    func addTunnel() throws(PacketMetadataError) { try topology.addTunnel() }

    func inSender<Value: ~Copyable>(_ body: () throws -> Value) throws(PacketMetadataError) -> Value {
        try Self.run(in: topology.sender, body)
    }

    func inReceiver<Value: ~Copyable>(_ body: () throws -> Value) throws(PacketMetadataError) -> Value {
        try Self.run(in: topology.receiver, body)
    }

    private static func run<Value: ~Copyable>(
        in namespace: borrowing NetworkNamespace, _ body: () throws -> Value
    ) throws(PacketMetadataError) -> Value {
        try namespace.run("of the benchmark") { () throws(PacketMetadataError) in
            do {
                return try body()
            } catch {
                throw Benchmark.failure(error)
            }
        }
    }

    /// Spares each send a wait of some ticks: the kernel enters a program that it is to run into its XDP dispatcher and takes it
    /// out again, unless the program is attached somewhere (kernel/bpf/dispatcher.c).
    ///
    /// - Returns: what attaches it, to the sender's loopback interface, which is down.
    func stayInDispatcher() throws(PacketMetadataError) -> BPFLink {
        try inSender { try BPFLink.xdp(sender, ifindex: NetworkInterface(named: "lo").index, mode: .generic) }
    }

    /// Sends packets and waits until no more arrive.
    ///
    /// - Parameter arrived: how many have arrived so far, by a program at the end of their way.
    /// - Returns: how many did, how many seconds it took, and how many ns of this CPU each took, by
    ///   ``BPFProgram/testRunLiveFrames(packet:count:)``.
    func send(
        _ count: Int, arrived: () throws -> UInt64
    ) throws(PacketMetadataError) -> (arrived: UInt64, seconds: Double, time: Int) {
        do {
            let before = try arrived()
            let start = ContinuousClock.now
            let time = try Self.run(in: topology.sender) { try sendFrames(count) }
            var (now, end) = (try arrived(), ContinuousClock.now)
            while now < before + UInt64(count), ContinuousClock.now - end < Self.quiet {
                let later = try arrived()
                if later != now { (now, end) = (later, .now) }
            }
            guard now > before else {
                throw PacketMetadataError(BenchmarkRefusal.noPackets(count, interface: receiver.name))
            }
            return (now - before, (end - start).inSeconds, time)
        } catch {
            throw Benchmark.failure(error)
        }
    }

    /// So long after a packet none is under way any more.
    private static let quiet = Duration.milliseconds(20)

    private func sendFrames(_ count: Int) throws -> Int {
        do throws(BPFError) {
            return try sender.testRunLiveFrames(packet: BenchmarkPacket.bytes, count: count)
        } catch {
            guard error.errno == .invalidArgument else { throw error }
            throw PacketMetadataError(BenchmarkRefusal.noLiveFrames)
        }
    }
}

/// Counts packets behind all other programs at the receiver's TC ingress, and drops them, so that the stack has no share.
final class Dropper {
    private let link: BPFLink
    private let counts: BPFMap

    init(on path: FramePath) throws {
        let object = try BenchmarkObject(named: "none").load(["live_get"], in: .alone)
        counts = try object.map("bench_counts")
        link = try path.inReceiver {
            try BPFLink.tcx(object.program("live_get"), ifindex: path.receiver.index, .ingress, at: .last)
        }
    }

    /// Packets so far.
    var seen: UInt64 {
        get throws { try counts.total(at: 0) }
    }
}

extension BPFMap {
    /// A count of bpf/bench/counts.bpf.h, on all CPUs together.
    func total(at index: Int) throws(BPFError) -> UInt64 {
        try values(at: index).reduce(0) { $0 + decode($1, as: UInt64.self) }
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
