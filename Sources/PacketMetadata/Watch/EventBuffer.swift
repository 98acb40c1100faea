// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import RegistryModel

/// The ring buffer into which a prebuilt program puts what it tells of packets, with its counts.
///
/// The reader is not woken for each event (`PKTMETA_WAKE_INTERVAL`), so waiting is more than to wait for the kernel.
struct EventBuffer: ~Copyable {
    private let ring: RingBuffer
    private let countsMap: BPFMap
    /// When there were events last.
    private var lastFound: ContinuousClock.Instant = .now
    private var dropsTold: UInt64 = 0

    private init(_ ring: consuming RingBuffer, counts: consuming BPFMap) {
        self.ring = ring
        countsMap = counts
    }

    /// - Parameter object: a loaded one, which has both maps.
    init(_ object: borrowing BPFObject) throws(PacketMetadataError) {
        do throws(BPFError) {
            let counts = try object.map(PKTMETA_COUNTS_MAP)
            self.init(try RingBuffer(object.map(PKTMETA_EVENTS_MAP)), counts: counts)
        } catch {
            throw PacketMetadataError(error, needs: [.bpf])
        }
    }

    /// As many events as are read at once: enough to spare calls, few enough to take little memory, and to look at the
    /// registry and at signals meanwhile.
    private static let batch = 1024

    /// Takes the events that are there, in their order.
    mutating func read(_ take: (RawSpan) -> Void) {
        if ring.read(atMost: Self.batch, take) > 0 { lastFound = .now }
    }

    /// What there is, or comes before the time is over.
    ///
    /// - Parameter take: takes what is there (``read(_:)``).
    mutating func events<Event>(
        within duration: Duration, _ take: (inout EventBuffer) throws(PacketMetadataError) -> [Event]
    ) throws(PacketMetadataError) -> [Event] {
        let end = ContinuousClock.now + duration
        var events = try take(&self)
        while events.isEmpty, duration > .zero, try wait(until: end) { events = try take(&self) }
        return events
    }

    /// How many events were dropped since this was asked last.
    mutating func newDrops() throws(PacketMetadataError) -> UInt64 {
        let dropped = try counts().dropped
        defer { dropsTold = dropped }
        return dropped - dropsTold
    }

    /// Waits until it is worth looking whether there are events: also when some may have come for which nobody is woken.
    ///
    /// - Returns: false if the time was over before, or a signal came.
    private func wait(until end: ContinuousClock.Instant) throws(PacketMetadataError) -> Bool {
        let now = ContinuousClock.now
        guard now < end else { return false }
        let quiet = lastFound + .nanoseconds(PKTMETA_WAKE_INTERVAL)
        let wait = (now < quiet ? Swift.min(quiet, end) : end) - now
        do throws(BPFError) {
            return try ring.wait(milliseconds: Int((wait / .milliseconds(1)).rounded(.up)))
        } catch {
            throw PacketMetadataError(error)
        }
    }

    /// What came of all packets so far, on all CPUs.
    func counts() throws(PacketMetadataError) -> PacketCounts {
        do throws(BPFError) {
            return try countsByCPU().reduce(into: PacketCounts()) { total, cpu in
                total.seen &+= cpu.seen
                total.matched &+= cpu.matched
                total.written &+= cpu.written
                total.dropped &+= cpu.dropped
            }
        } catch {
            throw PacketMetadataError(error)
        }
    }

    func countsByCPU() throws(BPFError) -> [pktmeta_event_counts] {
        try countsMap.values(at: 0).map { decode($0, as: pktmeta_event_counts.self) }
    }

    /// How many events of a CPU may come until its reader is woken: half of those that there is room for, shared among the
    /// CPUs.
    ///
    /// - Parameters:
    ///   - size: the buffer's, bytes.
    ///   - recordSize: an event's in it, bytes.
    static func wakeAfter(_ size: Int, recordSize: Int) throws(BPFError) -> Int {
        Swift.max(1, size / recordSize / 2 / (try possibleCPUs()))
    }

    private static let pageSize = 4096

    /// - Throws: `usage` if a ring buffer cannot have that size.
    static func check(_ size: Int) throws(PacketMetadataError) {
        guard size >= pageSize, size & (size - 1) == 0, size <= 1 << 30 else {
            throw PacketMetadataError(WatchRefusal.badBufferSize(size))
        }
    }
}

extension RawSpan {
    /// The head of an event, which is numbers only: all bytes are one.
    ///
    /// - Returns: nil if the record is too short for one.
    func head<Head: BitwiseCopyable>(as type: Head.Type) -> Head? {
        guard byteCount >= MemoryLayout<Head>.size else { return nil }
        return unsafe unsafeLoadUnaligned(as: type)
    }
}
