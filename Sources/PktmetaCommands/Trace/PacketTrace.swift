// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel

/// Where a trace's events go to.
protocol TraceOutput {
    /// - Returns: what is to be shown of them now; nil: nothing.
    mutating func add(_ events: [TraceEvent]) -> String?
    /// - Returns: what is to be shown at the end; nil: nothing.
    func end() -> String?
}

/// Shows a trace until all packets that were asked for have ended, the time is over or a signal comes.
struct PacketTrace {
    let stream: TraceStream
    let count: Int?
    let duration: Duration?
    let context: Context

    /// How long the last of the packets asked for are waited for, which may have ended without a word.
    private static let patience = Duration.seconds(1)

    func run(_ output: some TraceOutput) throws(PacketMetadataError) {
        var output = output
        var progress = TraceProgress(count: count)
        let failure = readUntilEnd(
            of: duration,
            isDone: { progress.isDone(patience: Self.patience) },
            read: { (wait) throws(PacketMetadataError) in
                show(try stream.read(within: wait), &output, &progress)
            })
        stream.detach()
        while case let events = try stream.read(), !events.isEmpty { show(events, &output, &progress) }
        if let text = output.end() { context.output(text) }
        let counts = try stream.counts()
        context.errors(
            "note: \(progress.packets.of("packet")) followed, at \(progress.visits.of("station")) in all; "
                + "\(counts.dropped.of("event")) lost for lack of room; of \(counts.seen) seen, \(counts.matched) matched"
        )
        if let failure { throw failure }
    }

    /// All by one write.
    private func show(_ events: [TraceEvent], _ output: inout some TraceOutput, _ progress: inout TraceProgress) {
        progress.add(events)
        if let text = output.add(events) { context.output(text) }
    }
}

/// How far a trace has come.
private struct TraceProgress {
    let count: Int?
    /// Without copies.
    private(set) var packets = 0
    private(set) var visits = 0
    private var underWay: Set<Int> = []
    private var lastSeen: ContinuousClock.Instant = .now

    init(count: Int?) { self.count = count }

    mutating func add(_ events: [TraceEvent]) {
        for case .packet(let packet) in events {
            visits += 1
            if packet.isFirst, packet.copyOf == nil { packets += 1 }
            lastSeen = .now
            guard count != nil else { continue }
            if packet.station.isEnd { underWay.remove(packet.number) } else { underWay.insert(packet.number) }
        }
    }

    func isDone(patience: Duration) -> Bool {
        guard let count, packets >= count else { return false }
        return underWay.isEmpty || ContinuousClock.now - lastSeen > patience
    }
}
