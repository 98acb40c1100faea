// SPDX-License-Identifier: BSD-2-Clause

// Codable finds its types at run time, each by a search through all conformances of the binary: JSONEncoder took three
// times as long for a registry of 31 fields as `bpftool map dump -j` does in all. So documents are put together from these.

/// What JSON can say.
package enum JSONValue: Hashable, Sendable {
    case null
    case flag(Bool)
    /// Of at most 32 bits, which readers that count with doubles keep.
    case unsigned(UInt32)
    case signed(Int64)
    /// A number that may exceed 2^53, which such readers round: its member gets a text beside it, see ``object(of:)``.
    case long(UInt64)
    case fraction(Double)
    case text(String)
    case array([JSONValue])
    /// Each key once, in order; see ``object(of:)``.
    case object([Member])
    /// An object whose keys are data, such as names of fields: long numbers in it have their texts in an object beside it,
    /// so that there are as many keys as data.
    case table([Member])
    /// The text of a long number.
    case digits(UInt64)
    /// The texts of the long numbers of a table, under their keys.
    case digitsOfTable([Member])
    /// The texts of long numbers.
    case digitsOfArray([JSONValue])

    package struct Member: Hashable, Sendable {
        let key: String
        let value: JSONValue

        package init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    package static func number(_ value: Int) -> JSONValue { .signed(Int64(value)) }
    static func number(_ value: UInt64) -> JSONValue { .long(value) }
    static func number(_ value: UInt32) -> JSONValue { .unsigned(value) }
    static func number(_ value: UInt16) -> JSONValue { .unsigned(UInt32(value)) }
    static func number(_ value: UInt8) -> JSONValue { .unsigned(UInt32(value)) }
    package static func texts(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.text)) }
    static func counts(_ counts: [(name: String, count: UInt64)]) -> JSONValue {
        table(of: counts.map { Member(key: $0.name, value: .number($0.count)) })
    }

    /// What the key of a text adds to the key of the number that the text is of.
    static let textSuffix = "Text"

    /// Puts beside each member with a long number one with its decimal digits as text.
    package static func object(of members: consuming [Member]) -> JSONValue {
        for index in members.indices {
            guard let digits = members[index].value.digits else { continue }
            members.append(Member(key: members[index].key + textSuffix, value: digits))
        }
        members.sort { $0.key < $1.key }
        return .object(members)
    }

    static func table(of members: consuming [Member]) -> JSONValue {
        members.sort { $0.key < $1.key }
        return .table(members)
    }

    /// The texts of its long numbers; nil if it cannot have any.
    private var digits: JSONValue? {
        switch self {
        case .long(let number): .digits(number)
        case .table(let members): .digitsOfTable(members)
        case .array(let elements): if case .long? = elements.first { .digitsOfArray(elements) } else { nil }
        default: nil
        }
    }
}

/// Members that are nil are left out.
extension JSONValue: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral members: (String, JSONValue?)...) {
        var present: [Member] = []
        present.reserveCapacity(members.count)
        for (key, value) in members {
            if let value { present.append(Member(key: key, value: value)) }
        }
        self = .object(of: present)
    }
}
