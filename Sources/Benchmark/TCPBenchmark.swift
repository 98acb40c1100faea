// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import Synchronization
internal import Testbed

/// TCP through a veth pair whose receiver merges packets (GRO), by what their metadata holds.
struct TCPBenchmark {
    let benchmark: Benchmark

    private static let transferTime = Duration.milliseconds(250)

    func run() throws(PacketMetadataError) -> [BenchmarkSection] {
        do {
            let pass = try Transfer("no metadata")
            let hard = try Transfer("hard-coded struct, constant", program: "struct")
            let constant = try Transfer("constant", source: "constant:7")
            let varying = try Transfer("differs on each packet", source: "ktime")
            let sampled = try Transfer("differs on 1 packet in 1000", source: "ktime", sample: 1000)
            let transfers = [pass, hard, constant, varying, sampled]
            for transfer in transfers { _ = try transfer.run(for: Self.transferTime) }
            for round in 1...benchmark.rounds {
                if round.isMultiple(of: 5) { benchmark.progress("tcp: round \(round) of \(benchmark.rounds)") }
                try Benchmark.stopIfInterrupted()
                for transfer in transfers { transfer.rates.append(try transfer.run(for: Self.transferTime)) }
            }
            return [
                BenchmarkSection(
                    .tcp, "TCP with GRO, one flow, by the metadata that the prebuilt producer sets",
                    unit: "Gbit a second", digits: 2, columns: ["THROUGHPUT", "/ NONE"],
                    rows: transfers.map { transfer in
                        .init(
                            transfer.title,
                            [Estimate(transfer.rates.map { $0 * 8 / 1e9 }), .ratio(transfer.rates, to: pass.rates)])
                    }, charted: [0],
                    bars: [
                        Bar(
                            "TCP, constant metadata / a hard-coded struct", .atLeast(0.99),
                            .ratio(constant.rates, to: hard.rates)),
                        Bar("TCP, constant metadata / none", .atLeast(0.95), .ratio(constant.rates, to: pass.rates)),
                        Bar(
                            "TCP, metadata that differs on 1 packet in 1000 / none", .atLeast(0.9),
                            .ratio(sampled.rates, to: pass.rates)),
                    ],
                    notes: [
                        "All have an XDP program in native mode at the receiver; with none, it only passes packets on."
                    ])
            ]
        } catch {
            throw Benchmark.failure(error)
        }
    }
}

/// A veth pair of its own, whose receiver's packets get metadata, or none.
private final class Transfer {
    let title: String
    /// Bytes a second.
    var rates: [Double] = []

    private let path: FramePath
    private let place: TemporaryRegistry
    private var link: BPFLink?

    private static let port: UInt16 = 5001

    /// - Parameters:
    ///   - program: the benchmark's object whose live_set runs if there is no source; of itself it sets no metadata.
    ///   - source: of a field of 8 bytes, which the prebuilt producer sets.
    init(_ title: String, program: String = "none", source: String? = nil, sample: Int = 1) throws {
        self.title = title
        place = TemporaryRegistry(for: "bench-tcp-\(title.filter(\.isLetter))-\(sample)")
        path = try FramePath()
        let receiver = path.receiver
        if let source {
            let registry = try Registry.openOrCreate(at: place.path)
            let definition = try FieldDefinition(
                name: FieldName("value"), type: .u64, source: FieldSource(source, type: .u64), sample: sample)
            _ = try registry.register(definition)
            link = nil
            try path.inReceiver {
                _ = try registry.attach(AttachmentRequest(tc: .unchanged, mode: .native), to: [receiver.name])
            }
        } else {
            let object = try BenchmarkObject(named: program).load(["live_set"], in: .alone)
            link = try path.inReceiver {
                try BPFLink.xdp(object.program("live_set"), ifindex: receiver.index, mode: .native)
            }
        }
        try path.inReceiver { try receiver.setMergesPackets(true) }
    }

    /// - Returns: bytes a second that arrived.
    func run(for time: Duration) throws -> Double {
        let listener = try path.inReceiver { try TCPListener(port: Self.port) }
        let sender = try path.inSender { try TCPConnection(to: VethTopology.receiverAddressBytes, port: Self.port) }
        let reader = Reader(try listener.accept())
        let thread = try WorkerThread { reader.readAll() }
        let chunk = [UInt8](repeating: 0x5a, count: 128 << 10)
        let start = ContinuousClock.now
        while ContinuousClock.now - start < time { _ = try sender.send(chunk) }
        sender.finish()
        thread.join()
        return Double(reader.bytes) / (ContinuousClock.now - start).inSeconds
    }

    /// Counts what comes from a connection.
    private final class Reader: Sendable {
        private let connection: TCPConnection
        private let count = Atomic<UInt64>(0)

        init(_ connection: consuming TCPConnection) { self.connection = connection }

        var bytes: UInt64 { count.load(ordering: .relaxed) }

        /// Until the other end has sent all, or the connection breaks.
        func readAll() {
            var buffer = [UInt8](repeating: 0, count: 1 << 20)
            while let received = try? connection.receive(into: &buffer), received > 0 {
                count.add(UInt64(received), ordering: .relaxed)
            }
        }
    }
}
