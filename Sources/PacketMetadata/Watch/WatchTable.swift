// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import PktmetaABI
internal import RegistryModel

/// What one load of the watcher was told, which is what its events are read by.
struct WatchTable {
    let number: UInt32
    /// In the order of the program's steps.
    let fields: [RegisteredField]
    /// Of each field's value in an event, bytes.
    let offsets: [Int]
    /// Which words of 64 bits of a packet's area are in its event, one bit each.
    let words: UInt32
    /// Bytes of an event but for its addresses.
    let eventSize: Int
    private let shown: [Shown]

    /// A field, as it is found in an event.
    private struct Shown {
        let name: FieldName
        let type: FieldType
        let bit: UInt32
        let offset: Int
    }

    private static let headerSize = MemoryLayout<pktmeta_event>.size
    private static let wordSize = MemoryLayout<UInt64>.size

    /// - Parameter names: the fields to be shown; all if empty.
    init(number: UInt32, _ image: RegistryImage, names: [FieldName]) {
        self.number = number
        fields = image.fields.filter { names.isEmpty || names.contains($0.name) }
        if image.places(of: fields) != nil {
            words = fields.reduce(0) { $0 | Self.words($1) }
            offsets = fields.map { [words] in Self.headerSize + Self.offset($0, words) }
            eventSize = Self.headerSize + words.nonzeroBitCount * Self.wordSize
        } else {
            // No area is copied while fields move: two of them may have the same place, before and after.
            words = 0
            var (offsets, end) = ([Int](), Self.headerSize)
            for field in fields {
                offsets.append(end)
                end += (field.type.size + Self.wordSize - 1) / Self.wordSize * Self.wordSize
            }
            (self.offsets, eventSize) = (offsets, end)
        }
        shown = zip(fields, offsets).map { field, offset in
            Shown(name: field.name, type: field.type, bit: 1 << UInt32(field.slot), offset: offset)
        }
    }

    /// Those that have bytes of a field's value.
    private static func words(_ field: RegisteredField) -> UInt32 {
        let bytes = field.layout.offset..<field.layout.offset + field.type.size
        return bytes.reduce(0) { $0 | 1 << UInt32($1 / wordSize) }
    }

    /// Where a field's value lies, behind the header, if only these words of the area are there; a flag has no bytes to
    /// lie anywhere.
    private static func offset(_ field: RegisteredField, _ words: UInt32) -> Int {
        if field.type.size == 0 { return 0 }
        let (word, byte) = field.layout.offset.quotientAndRemainder(dividingBy: wordSize)
        return (words & (1 << UInt32(word) - 1)).nonzeroBitCount * wordSize + byte
    }

    /// The packet of an event of this table; nil if it is too short for one.
    func packet(_ record: RawSpan, _ event: pktmeta_event, interface: String) -> WatchedPacket? {
        guard record.byteCount >= eventSize + Self.addressesSize(event.flow.family) else { return nil }
        var fields: [WatchedPacket.Field] = []
        if event.carried != 0 { fields.reserveCapacity(shown.count) }
        for field in shown where event.carried & field.bit != 0 {
            let value = FieldValue(type: field.type, at: field.offset, of: record)
            fields.append(WatchedPacket.Field(name: field.name, value: value))
        }
        return WatchedPacket(
            time: event.time, ifindex: event.ifindex, interface: interface, length: Int(event.length),
            etherType: event.flow.ethertype,
            flow: WatchedPacket.Flow(event.flow, addresses: record.extracting(eventSize...)), fields: fields)
    }

    /// Bytes that the event of an IPv4 packet takes in the ring buffer, with the record's header (BPF_RINGBUF_HDR_SZ).
    var recordSize: Int { 8 + eventSize + Self.addressesSize(4) }

    /// Bytes of the two addresses of a packet.
    private static func addressesSize(_ family: UInt8) -> Int { family == 6 ? 32 : 8 }
}

extension WatchedPacket.Flow {
    /// - Parameters:
    ///   - addresses: the source, then the destination.
    ///   - distance: bytes from the beginning of one to that of the other; nil if nothing is between them.
    init?(_ flow: pktmeta_flow, addresses: RawSpan, distance: Int? = nil) {
        guard flow.family == 4 || flow.family == 6 else { return nil }
        let type: FieldType = flow.family == 4 ? .ipv4 : .ipv6
        let hasPorts = flow.source_port != 0 || flow.destination_port != 0
        func endpoint(_ offset: Int, _ port: UInt16) -> WatchedPacket.Endpoint {
            WatchedPacket.Endpoint(
                address: FieldValue(type: type, at: offset, of: addresses), port: hasPorts ? port : nil)
        }
        self.init(
            protocol: flow.protocol, source: endpoint(0, flow.source_port),
            destination: endpoint(distance ?? type.size, flow.destination_port))
    }
}
