// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

// Conditions that no packet can meet: whoever waits for such packets has mistyped something.

extension PacketFilter {
    /// - Throws: `usage` if the conditions rule each other out, or one rules out all values of its field's type; also if a
    ///   value is none of the type.
    func refuseImpossible(_ image: RegistryImage) throws(PacketMetadataError) {
        for (name, conditions) in Dictionary(grouping: conditions, by: \.field) {
            guard let type = image.field(named: name)?.type else { continue }
            var values = PossibleValues(of: type)
            for condition in conditions where condition.comparison != .set {
                values.keep(condition.comparison, try FieldValue(condition.value, type: type))
            }
            if values.areNone { throw PacketMetadataError(WatchRefusal.neverHolds(conditions)) }
        }
    }

    /// Whether packets of a protocol of IP have ports that a filter can ask for: TCP, UDP, SCTP.
    static func hasPorts(_ number: UInt8) -> Bool { [6, 17, 132].contains(number) }
}

/// Which values of a field conditions leave.
private struct PossibleValues {
    /// Of an integer.
    private var least: UInt64 = 0
    private var most: UInt64
    /// Of whatever else.
    private var equal: [UInt8]?
    private var others: Set<[UInt8]> = []
    private(set) var areNone = false

    init(of type: FieldType) {
        most = type.size < MemoryLayout<UInt64>.size ? 1 << (8 * UInt64(type.size)) - 1 : .max
    }

    mutating func keep(_ comparison: PacketFilter.Comparison, _ value: FieldValue) {
        switch comparison {
        case .set: break
        case .notEqual: others.insert(value.bytes)
        case .equal:
            if let equal, equal != value.bytes { areNone = true }
            equal = value.bytes
            if let number = value.number { keep(from: number, to: number) }
        case .less: if let number = value.number { keepBelow(number) }
        case .atMost: if let number = value.number { keep(from: 0, to: number) }
        case .more: if let number = value.number { keepAbove(number) }
        case .atLeast: if let number = value.number { keep(from: number, to: .max) }
        }
        if let equal, others.contains(equal) { areNone = true }
        if least > most { areNone = true }
    }

    private mutating func keepBelow(_ number: UInt64) {
        if number == 0 { areNone = true } else { keep(from: 0, to: number - 1) }
    }

    private mutating func keepAbove(_ number: UInt64) {
        if number == .max { areNone = true } else { keep(from: number + 1, to: .max) }
    }

    private mutating func keep(from first: UInt64, to last: UInt64) {
        least = max(least, first)
        most = min(most, last)
    }
}
