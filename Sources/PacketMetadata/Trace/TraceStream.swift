// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
public import RegistryModel
internal import SystemPackage

/// Packets on their way through the kernel, as long as this value lives, in all network namespaces.
///
/// For one task or thread at a time.
public final class TraceStream {
    private let request: TraceRequest
    private let registryPath: FilePath
    private var tracer: Tracer
    private var buffer: EventBuffer
    private var image: RegistryImage
    private var decoder: AreaDecoder
    private var packets = FollowedPackets(limit: 2 * Int(PKTMETA_TRACE_FOLLOWED_MAX))
    private var reasons = DropReasons()
    private var namespaces = NamespaceNames()
    private var lastLook: ContinuousClock.Instant = .now
    private var isAttached = true
    private var isClosed = false

    fileprivate init(_ request: TraceRequest, _ registry: borrowing Registry) throws(PacketMetadataError) {
        self.request = request
        registryPath = registry.path
        try request.check()
        image = try registry.image()
        try image.refuseUnknown(request.names)
        decoder = AreaDecoder(image, names: request.fields)
        tracer = try Tracer(request, image, registry, after: nil)
        buffer = try EventBuffer(tracer.object)
    }

    // MARK: What this kernel shows

    public var stations: [TraceStation] { tracer.stations }

    /// Stations that this kernel has not got.
    public var missingStations: [TraceStation] { tracer.missing }

    /// Why no function of the kernel is among the stations; nil if there are some.
    public var functionsRefused: PacketMetadataError? { tracer.functionsRefused }

    /// Whether the kernel says why it drops packets (Linux 5.17).
    public var hasDropReasons: Bool { reasons.areKnown }

    // MARK: Reading

    /// What packets went through, in the order in which the kernel's CPUs told it, and how much was lost.
    ///
    /// Follows the registry: fields that are registered meanwhile are told of as soon as this has been called.
    ///
    /// - Parameter duration: how long to wait if there is nothing. A signal ends the wait.
    /// - Throws: `notFound` if the registry has gone.
    public func read(within duration: Duration = .zero) throws(PacketMetadataError) -> [TraceEvent] {
        try doing(.trace) { () throws(PacketMetadataError) in try events(within: duration) }
    }

    private func events(within duration: Duration) throws(PacketMetadataError) -> [TraceEvent] {
        try look(isNeeded: false)
        var events = try buffer.events(within: duration) { (buffer) throws(PacketMetadataError) in
            try packetEvents(&buffer)
        }
        let dropped = try buffer.newDrops()
        if dropped > 0 { events.append(.dropped(dropped)) }
        return events
    }

    private func packetEvents(_ buffer: inout EventBuffer) throws(PacketMetadataError) -> [TraceEvent] {
        var events: [TraceEvent] = []
        var failure: PacketMetadataError?
        buffer.read { record in
            do throws(PacketMetadataError) {
                guard let event = record.head(as: pktmeta_trace_event.self) else { return }
                if let packet = try packet(event, record) { events.append(.packet(packet)) }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return events
    }

    /// How often packets were seen, how many were followed, and what became of the events.
    public func counts() throws(PacketMetadataError) -> PacketCounts {
        try doing(.trace) { () throws(PacketMetadataError) in try buffer.counts() }
    }

    /// Lets go of the kernel; what was seen before can still be read.
    public func detach() {
        isAttached = false
        tracer.detach()
    }

    // MARK: Packets

    /// nil of a packet that is one more than was asked for.
    private func packet(
        _ event: pktmeta_trace_event, _ record: RawSpan
    ) throws(PacketMetadataError) -> TracedPacket? {
        guard let station = TraceStation.byCode[event.station] else { return nil }
        let flags = Int32(event.flags)
        if flags & PKTMETA_TRACE_FIRST != 0 { packets.end(event.number) }
        if isClosed, !packets.isFollowed(event.number) { return nil }
        let (known, isNew) = packets.packet(event.number, at: event.time, isCopy: event.copy_of != 0)
        if let count = request.count, packets.originals >= count, !isClosed {
            try tracer.setOpen(false)
            isClosed = true
        }
        let fields = try flags & PKTMETA_TRACE_AREA == 0 ? nil : fields(event, record)
        let before = Set(isNew ? [] : known.fields ?? [])
        let addresses = record.extracting(Self.addresses)
        let flow = WatchedPacket.Flow(event.flow, addresses: addresses, distance: addresses.byteCount / 2)
        packets.keep(fields, flow, etherType: event.flow.ethertype, of: event.number)
        if station.isCertainEnd { packets.end(event.number) }
        return TracedPacket(
            number: known.number, copyOf: event.copy_of == 0 ? nil : packets.number(of: event.copy_of), isFirst: isNew,
            isSure: flags & PKTMETA_TRACE_UNSURE == 0, time: event.time, age: event.time &- known.start,
            station: station, interface: interface(event), length: Int(event.length),
            etherType: event.flow.ethertype, flow: flow, isOtherFlow: isOther(flow, event.flow.ethertype, than: known),
            fields: fields, news: (fields ?? []).filter { !before.contains($0) },
            reader: event.process == 0
                ? nil : TracedPacket.Reader(process: event.process, command: spelled(event.command)),
            drop: event.station == PKTMETA_STATION_DROPPED.rawValue
                ? reasons.drop(event.reason, at: event.function) : nil,
            hook: flags & PKTMETA_TRACE_HOOK == 0
                ? nil : TracedPacket.NetfilterHook(family: event.family, number: event.hook),
            hasLostArea: !isNew && known.fields != nil && fields == nil)
    }

    private func isOther(
        _ flow: WatchedPacket.Flow?, _ etherType: UInt16, than known: FollowedPackets.Packet
    ) -> Bool {
        if let flow { return flow != known.flow }
        // What has no flow, as ARP out of a tunnel.
        return etherType != 0 && known.etherType != 0 && etherType != known.etherType
    }

    /// Where the two addresses lie in an event.
    private static let addresses: Range<Int> = {
        let start = MemoryLayout<pktmeta_trace_event>.offset(of: \.source) ?? 0
        let size = MemoryLayout<pktmeta_trace_event>.size
        let interface = MemoryLayout<pktmeta_trace_event>.offset(of: \.interface) ?? size
        return start..<interface
    }()

    private func fields(
        _ event: pktmeta_trace_event, _ record: RawSpan
    ) throws(PacketMetadataError) -> [WatchedPacket.Field] {
        let generation = Generation(event.generation)
        if decoder.isTooOld(for: generation) { try look(isNeeded: true) }
        let values = record.extracting(MemoryLayout<pktmeta_trace_event>.size...)
        return decoder.fields(values, set: event.fields_set, generation: generation)
    }

    private func interface(_ event: pktmeta_trace_event) -> TracedPacket.Interface? {
        if event.ifindex == 0 { return nil }
        return TracedPacket.Interface(
            name: spelled(event.interface), index: event.ifindex,
            namespace: namespaces.label(event.netns, cookie: event.netns_cookie))
    }

    // MARK: Following the registry

    private static let lookInterval = Duration.milliseconds(200)

    /// - Parameter isNeeded: whether to look even if that has been done a moment ago.
    private func look(isNeeded: Bool) throws(PacketMetadataError) {
        guard isAttached, isNeeded || ContinuousClock.now - lastLook >= Self.lookInterval else { return }
        lastLook = .now
        let registry = try Registry.openForPrograms(at: registryPath)
        let now = try registry.image()
        guard now != image else { return }
        decoder = AreaDecoder(now, names: request.fields)
        if hasOtherConditions(now) {
            // Packets that pass meanwhile are not seen: seen by both, they would be told of twice.
            try tracer.setOpen(false)
            tracer.detach()
            tracer = try Tracer(request, now, registry, after: tracer)
            if isClosed { try tracer.setOpen(false) }
        }
        image = now
    }

    /// Whether programs that go by the registry as it was would ask for other packets: by a field's id or its type.
    private func hasOtherConditions(_ now: RegistryImage) -> Bool {
        request.filter.conditions.contains { condition in
            let (old, new) = (image.field(named: condition.field), now.field(named: condition.field))
            return old?.id != new?.id || old?.type != new?.type
        }
    }
}

extension Registry {
    /// Follows packets through the kernel, until what it returns goes.
    ///
    /// - Throws: `usage` for a request that makes no sense; `notFound` for a field; `unsupported` under a kernel without
    ///   BTF; `missingPrivilege`: it takes CAP_BPF and CAP_PERFMON.
    public func trace(_ request: TraceRequest = TraceRequest()) throws(PacketMetadataError) -> TraceStream {
        try doing(.trace) { () throws(PacketMetadataError) in try TraceStream(request, self) }
    }
}

/// A name of the kernel's, which any bytes may be in.
private func spelled(_ name: some BitwiseCopyable) -> String {
    SpelledBytes.text(encode(name).prefix { $0 != 0 })
}
