// SPDX-License-Identifier: BSD-2-Clause

public import RegistryModel

/// Which packets are watched: those for which all of this holds. A BPF program decides; others cost no event.
public struct PacketFilter: Sendable, Hashable {
    /// What a field's value has to be. All but ``set`` hold only for packets that carry the field.
    public enum Comparison: String, Sendable, Hashable, CaseIterable {
        case set = ""
        case equal = "="
        case notEqual = "!="
        /// These are for integers only.
        case less = "<"
        case atMost = "<="
        case more = ">"
        case atLeast = ">="
    }

    public struct Condition: Sendable, Hashable {
        public let field: FieldName
        public let comparison: Comparison
        /// As people write it; empty for ``Comparison/set``. Read by the type that the field then has.
        public let value: String

        public init(field: FieldName, comparison: Comparison, value: String = "") {
            self.field = field
            self.comparison = comparison
            self.value = value
        }
    }

    public static let maximumConditions = 8

    /// At most ``maximumConditions``.
    public var conditions: [Condition] = []
    public var source: AddressPrefix?
    public var destination: AddressPrefix?
    /// Of TCP, UDP or SCTP.
    public var sourcePort: UInt16?
    public var destinationPort: UInt16?
    /// Of IP: 6 is TCP, 17 UDP. Of IPv6, what follows the first header.
    public var `protocol`: UInt8?
    /// Also packets that carry none of the fields.
    public var includesPacketsWithoutFields = false

    public init() {}
}

extension PacketFilter.Condition {
    /// Reads `tenant`, `tenant=7`, `port!=22`, `length>=1500`.
    ///
    /// - Throws: `usage` if it is none of these.
    public init(_ text: String) throws(PacketMetadataError) {
        let name = text.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        let rest = text.dropFirst(name.count)
        let comparisons = PacketFilter.Comparison.allCases.filter { rest.hasPrefix($0.rawValue) }
        let comparison = comparisons.max { $0.rawValue.count < $1.rawValue.count } ?? .set
        let value = rest.dropFirst(comparison.rawValue.count)
        guard !name.isEmpty, comparison != .set || rest.isEmpty, comparison == .set || !value.isEmpty else {
            throw PacketMetadataError(WatchRefusal.badCondition(text)).keeping(from: .read(.condition, text))
        }
        self.init(field: try FieldName(String(name)), comparison: comparison, value: String(value))
    }
}
