// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import Synchronization
internal import SystemPackage
internal import Testbed

/// A veth pair of its own, whose receiver's packets get metadata, or none.
final class TCPTransfer {
    let title: String
    /// Bytes a second, of each sample.
    private(set) var rates: [Double] = []
    /// Kilobytes of the stream that TCP was handed at once: what GRO made of packets of 1.4.
    private(set) var merged: [Double] = []

    private let path: FramePath
    private let address: [UInt8]
    private let place: TemporaryRegistry
    private var link: BPFLink?

    private static let port: UInt16 = 5001

    /// - Parameters:
    ///   - program: the benchmark's object whose live_set runs if there is no source; of itself it sets no metadata.
    ///   - source: of a field of 8 bytes, which the prebuilt producer sets.
    ///   - isTunnelled: through VXLAN, over the pair.
    ///   - mergesBelow: whether GRO is on at the receiver's end of the pair.
    init(
        _ title: String, program: String = "none", source: String? = nil, sample: Int = 1, isTunnelled: Bool = false,
        mergesBelow: Bool = true
    ) throws {
        self.title = title
        place = TemporaryRegistry(for: "bench-tcp-\(title.filter(\.isLetter))-\(sample)")
        path = try FramePath()
        if isTunnelled { try path.addTunnel() }
        address = isTunnelled ? VethTopology.receiverTunnelAddressBytes : VethTopology.receiverAddressBytes
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
        try path.inReceiver { try receiver.setMergesPackets(mergesBelow) }
    }

    /// Sends as fast as it goes.
    func warmUp(for time: Duration) throws { _ = try send(for: time) }

    /// The same, and adds a sample.
    func sample(for time: Duration) throws {
        let before = try segments()
        let (bytes, seconds) = try send(for: time)
        rates.append(bytes / seconds)
        merged.append(bytes / 1000 / Double(max(1, try segments() - before)))
    }

    /// TCP segments that the receiver was handed, merged ones as one (RFC 4022, tcpInSegs).
    private func segments() throws -> Int {
        // /proc/net is that of the process, not of the thread.
        let text = try path.inReceiver { try WholeFile.text("/proc/thread-self/net/snmp") }
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("Tcp:") }.map { $0.split(separator: " ") }
        guard lines.count == 2, let place = lines[0].firstIndex(of: "InSegs"), place < lines[1].count,
            let count = Int(lines[1][place])
        else { throw Errno.ioError }
        return count
    }

    /// - Returns: bytes that arrived, and in how many seconds.
    private func send(for time: Duration) throws -> (bytes: Double, seconds: Double) {
        let listener = try path.inReceiver { try TCPListener(port: Self.port) }
        let sender = try path.inSender { try TCPConnection(to: address, port: Self.port) }
        let reader = Reader(try listener.accept())
        let thread = try WorkerThread { reader.readAll() }
        let chunk = [UInt8](repeating: 0x5a, count: 128 << 10)
        let start = ContinuousClock.now
        while ContinuousClock.now - start < time { _ = try sender.send(chunk) }
        sender.finish()
        thread.join()
        return (Double(reader.bytes), (ContinuousClock.now - start).inSeconds)
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
