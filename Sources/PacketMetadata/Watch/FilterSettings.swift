// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI
internal import RegistryModel

// A filter as programs have it.

extension pktmeta_filter {
    /// - Throws: `usage` if a value is not one of its field's type, or the type has no such comparison.
    init(_ filter: PacketFilter, _ image: RegistryImage) throws(PacketMetadataError) {
        self.init()
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
        try filter.refuseImpossible(image)
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
