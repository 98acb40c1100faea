// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel

/// Shows a stream's packets until there are enough, the time is over or a signal comes.
struct PacketWatch {
    let stream: PacketStream
    let count: Int?
    let duration: Duration?
    let isJSON: Bool
    let context: Context

    func run() throws(PacketMetadataError) {
        let rendering = PacketRendering(bootTime: Clock.realtime &- Clock.monotonic, display: context.display)
        var shown = 0
        var isEnough: Bool { count.map { shown >= $0 } ?? false }
        let failure = readUntilEnd(
            of: duration,
            isDone: { isEnough },
            read: { (wait) throws(PacketMetadataError) in
                shown += show(try stream.read(within: wait), upTo: count.map { $0 - shown }, rendering)
            })
        stream.detach()
        while !isEnough {
            let events = try stream.read()
            if events.isEmpty { break }
            shown += show(events, upTo: count.map { $0 - shown }, rendering)
        }
        let counts = try stream.counts()
        context.errors(
            "note: \(shown.of("packet")) shown, \(counts.dropped) dropped for lack of room in the buffer; of \(counts.seen) seen, "
                + "\(counts.matched) matched")
        if let failure { throw failure }
    }

    /// All by one write.
    ///
    /// - Returns: how many packets were shown.
    private func show(_ events: [PacketEvent], upTo limit: Int?, _ rendering: PacketRendering) -> Int {
        var lines = ""
        var packets = 0
        for event in events {
            if case .packet = event {
                if packets == limit { continue }
                packets += 1
            }
            if !lines.isEmpty { lines += "\n" }
            lines += isJSON ? rendering.json(event) : rendering.text(event)
        }
        if !lines.isEmpty { context.output(lines) }
        return packets
    }
}
