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
    let eventSize: Int

    /// - Parameter names: the fields to be shown; all if empty.
    init(number: UInt32, _ image: RegistryImage, names: [FieldName]) {
        self.number = number
        fields = image.fields.filter { names.isEmpty || names.contains($0.name) }
        var offsets: [Int] = []
        var end = MemoryLayout<pktmeta_event>.size
        for field in fields {
            offsets.append(end)
            end += (field.type.size + 7) / 8 * 8
        }
        self.offsets = offsets
        eventSize = end
    }

    /// The packet of an event; nil if it is not one of this table.
    func packet(_ record: [UInt8], interfaces: [UInt32: String]) -> WatchedPacket? {
        let size = MemoryLayout<pktmeta_event>.size
        guard record.count >= eventSize else { return nil }
        let event = decode(Array(record[..<size]), as: pktmeta_event.self)
        let carried = zip(fields, offsets).filter { field, _ in event.carried & 1 << UInt32(field.slot) != 0 }
        return WatchedPacket(
            time: event.time, ifindex: event.ifindex, interface: interfaces[event.ifindex] ?? "?",
            length: Int(event.length), etherType: event.flow.ethertype, flow: WatchedPacket.Flow(event.flow),
            fields: carried.map { field, offset in
                let bytes = Array(record[offset..<offset + field.type.size])
                return WatchedPacket.Field(name: field.name, value: FieldValue(type: field.type, bytes: bytes))
            })
    }

    static func number(of record: [UInt8]) -> UInt32? {
        guard record.count >= MemoryLayout<pktmeta_event>.size else { return nil }
        return decode(Array(record.prefix(MemoryLayout<pktmeta_event>.size)), as: pktmeta_event.self).table
    }
}

extension WatchedPacket.Flow {
    fileprivate init?(_ flow: pktmeta_flow) {
        guard flow.family == 4 || flow.family == 6 else { return nil }
        let type: FieldType = flow.family == 4 ? .ipv4 : .ipv6
        let hasPorts = flow.source_port != 0 || flow.destination_port != 0
        func endpoint(_ address: some BitwiseCopyable, _ port: UInt16) -> WatchedPacket.Endpoint {
            WatchedPacket.Endpoint(
                address: FieldValue(type: type, bytes: Array(encode(address).prefix(type.size))),
                port: hasPorts ? port : nil)
        }
        self.init(
            protocol: flow.protocol, source: endpoint(flow.source, flow.source_port),
            destination: endpoint(flow.destination, flow.destination_port))
    }
}

extension pktmeta_watch_settings {
    /// - Throws: `usage` if a value is not one of its field's type, or the type has no such comparison.
    init(
        _ filter: PacketFilter, sample: Int, table: WatchTable, image: RegistryImage
    ) throws(PacketMetadataError) {
        self.init()
        self.table = table.number
        self.sample = sample == 1 ? 0 : UInt32(sample)
        event_size = UInt32(table.eventSize)
        all = filter.includesPacketsWithoutFields ? 1 : 0
        if let number = filter.protocol { (`protocol`, has_protocol) = (number, 1) }
        source_port = filter.sourcePort ?? 0
        destination_port = filter.destinationPort ?? 0
        let families = Set([filter.source, filter.destination].compactMap { $0?.isIPv6 })
        guard families.count < 2 else {
            throw PacketMetadataError(WatchRefusal.mixedFamilies)
        }
        if let isIPv6 = families.first { family = isIPv6 ? 6 : 4 }
        if let prefix = filter.source { (source, has_source) = (pktmeta_prefix(prefix), 1) }
        if let prefix = filter.destination { (destination, has_destination) = (pktmeta_prefix(prefix), 1) }
        var conditions: [UInt8] = []
        for condition in filter.conditions { conditions += encode(try pktmeta_condition(condition, image)) }
        encodeBytes(conditions, into: &self.conditions)
        encodeBytes(table.offsets.flatMap { encode(UInt16($0)) }, into: &offsets)
    }
}

extension pktmeta_prefix {
    fileprivate init(_ prefix: AddressPrefix) {
        self.init()
        encodeBytes(prefix.address, into: &address)
        encodeBytes(prefix.mask, into: &mask)
    }
}

extension pktmeta_condition {
    /// A field that has gone in the meantime is carried by no packet: its condition never holds.
    fileprivate init(_ condition: PacketFilter.Condition, _ image: RegistryImage) throws(PacketMetadataError) {
        self.init()
        comparison = UInt8(condition.comparison.code)
        guard let field = image.field(named: condition.field) else { return }
        id = field.id.rawValue
        type = UInt8(field.type.code)
        size = UInt8(field.type.size)
        if condition.comparison == .set { return }
        guard field.type.size > 0, field.type.isInteger || !condition.comparison.isOfOrder else {
            let action = Action.watchBy(
                field: condition.field, comparison: condition.comparison.rawValue, value: condition.value)
            throw PacketMetadataError(WatchRefusal.noSuchComparison(field.type)).keeping(from: action)
        }
        let value = try FieldValue(condition.value, type: field.type)
        encodeBytes(value.bytes, into: &self.value)
        number = value.number ?? 0
    }
}

extension PacketFilter.Comparison {
    fileprivate var isOfOrder: Bool { [.less, .atMost, .more, .atLeast].contains(self) }

    fileprivate var code: UInt32 {
        switch self {
        case .set: PKTMETA_COMPARE_SET.rawValue
        case .equal: PKTMETA_COMPARE_EQUAL.rawValue
        case .notEqual: PKTMETA_COMPARE_NOT_EQUAL.rawValue
        case .less: PKTMETA_COMPARE_LESS.rawValue
        case .atMost: PKTMETA_COMPARE_AT_MOST.rawValue
        case .more: PKTMETA_COMPARE_MORE.rawValue
        case .atLeast: PKTMETA_COMPARE_AT_LEAST.rawValue
        }
    }
}
