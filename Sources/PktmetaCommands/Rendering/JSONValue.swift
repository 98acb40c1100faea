// SPDX-License-Identifier: BSD-2-Clause

// Codable finds its types at run time, each by a search through all conformances of the binary: JSONEncoder took three
// times as long for a registry of 31 fields as `bpftool map dump -j` does in all. So documents are put together from these.

/// What JSON can say.
enum JSONValue: Hashable, Sendable {
    case null
    case flag(Bool)
    case unsigned(UInt64)
    case signed(Int64)
    case fraction(Double)
    case text(String)
    case array([JSONValue])
    /// Each key once, in order; see ``object(of:)``.
    case object([Member])

    struct Member: Hashable, Sendable {
        let key: String
        let value: JSONValue
    }

    static func number(_ value: Int) -> JSONValue { .signed(Int64(value)) }
    static func number(_ value: some FixedWidthInteger & UnsignedInteger) -> JSONValue { .unsigned(UInt64(value)) }
    static func texts(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.text)) }
    static func counts(_ counts: [(name: String, count: UInt64)]) -> JSONValue {
        object(of: counts.map { Member(key: $0.name, value: .number($0.count)) })
    }

    static func object(of members: consuming [Member]) -> JSONValue {
        members.sort { $0.key < $1.key }
        return .object(members)
    }
}

/// Members that are nil are left out.
extension JSONValue: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral members: (String, JSONValue?)...) {
        var present: [Member] = []
        present.reserveCapacity(members.count)
        for (key, value) in members {
            if let value { present.append(Member(key: key, value: value)) }
        }
        self = .object(of: present)
    }
}
