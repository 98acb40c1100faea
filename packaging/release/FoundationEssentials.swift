// SPDX-License-Identifier: BSD-2-Clause

// What ArgumentParser takes of Foundation, for the release build alone: an encoder, for --experimental-dump-help, and the protocol of
// errors that describe themselves. The toolchain's module of this name would be a quarter of the command's bytes. If ArgumentParser
// takes more one day, the release build says what is missing.

public protocol LocalizedError: Error {
    var errorDescription: String? { get }
}

public struct Data: Sendable {
    fileprivate let text: String
}

extension String {
    public struct Encoding: Sendable {
        public static let utf8 = Encoding()
    }

    public init?(data: Data, encoding: Encoding) { self = data.text }
}

/// Documents as the toolchain's encoder writes them: indented, keys sorted, "/" escaped.
public final class JSONEncoder {
    /// Which are wanted is of no account: both always are.
    public struct OutputFormatting: OptionSet, Sendable {
        public let rawValue: UInt

        public init(rawValue: UInt) { self.rawValue = rawValue }

        public static let prettyPrinted = OutputFormatting(rawValue: 1)
        public static let sortedKeys = OutputFormatting(rawValue: 2)
    }

    public var outputFormatting: OutputFormatting = []

    public init() {}

    public func encode<Value: Encodable>(_ value: Value) throws -> Data {
        let place = Place()
        try place.encode(value, path: [])
        return Data(text: place.text(indent: ""))
    }
}

/// Where a value of a document goes.
private final class Place {
    private enum Content {
        case literal(String)
        case list([Place])
        case members([String: Place])
    }

    private var content = Content.literal("null")

    func set(_ literal: String) { content = .literal(literal) }

    func beList() {
        if case .list = content { return }
        content = .list([])
    }

    func beMembers() {
        if case .members = content { return }
        content = .members([:])
    }

    var count: Int {
        if case .list(let places) = content { places.count } else { 0 }
    }

    func next() -> Place {
        guard case .list(let places) = content else { preconditionFailure("no list") }
        let place = Place()
        content = .list(places + [place])
        return place
    }

    func member(_ name: String) -> Place {
        guard case .members(var places) = content else { preconditionFailure("no members") }
        let place = Place()
        places[name] = place
        content = .members(places)
        return place
    }

    func encode(_ value: some Encodable, path: [any CodingKey]) throws {
        switch value {
        case let text as String: set(Self.quoted(text))
        case let flag as Bool: set("\(flag)")
        case let number as any BinaryInteger: set("\(number)")
        default: try value.encode(to: PlaceEncoder(place: self, codingPath: path))
        }
    }

    func text(indent: String) -> String {
        let further = indent + "  "
        func lines(_ first: String, _ lines: [String], _ last: String) -> String {
            first + "\n" + lines.map { further + $0 }.joined(separator: ",\n") + "\n" + indent + last
        }
        return switch content {
        case .literal(let text): text
        case .list(let places): lines("[", places.map { $0.text(indent: further) }, "]")
        case .members(let places):
            lines(
                "{",
                places.sorted { $0.key < $1.key }
                    .map { "\(Self.quoted($0.key)) : \($0.value.text(indent: further))" }, "}")
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\", "/": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            case "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

private struct PlaceEncoder: Encoder {
    let place: Place
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        place.beMembers()
        return KeyedEncodingContainer(Members(place: place, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        place.beList()
        return Elements(place: place, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { Single(place: place, codingPath: codingPath) }
}

private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let place: Place
    let codingPath: [any CodingKey]

    func encodeNil(forKey key: Key) { place.member(key.stringValue).set("null") }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        try place.member(key.stringValue).encode(value, path: codingPath + [key])
    }

    private func encoder(_ key: some CodingKey) -> PlaceEncoder {
        PlaceEncoder(place: place.member(key.stringValue), codingPath: codingPath + [key])
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy keys: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> { encoder(key).container(keyedBy: keys) }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { encoder(key).unkeyedContainer() }

    func superEncoder() -> any Encoder { PlaceEncoder(place: place.member("super"), codingPath: codingPath) }

    func superEncoder(forKey key: Key) -> any Encoder { encoder(key) }
}

private struct Elements: UnkeyedEncodingContainer {
    let place: Place
    let codingPath: [any CodingKey]
    var count: Int { place.count }

    func encodeNil() { place.next().set("null") }

    func encode<Value: Encodable>(_ value: Value) throws { try place.next().encode(value, path: codingPath) }

    func nestedContainer<Nested: CodingKey>(keyedBy keys: Nested.Type) -> KeyedEncodingContainer<Nested> {
        PlaceEncoder(place: place.next(), codingPath: codingPath).container(keyedBy: keys)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        PlaceEncoder(place: place.next(), codingPath: codingPath).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { PlaceEncoder(place: place.next(), codingPath: codingPath) }
}

private struct Single: SingleValueEncodingContainer {
    let place: Place
    let codingPath: [any CodingKey]

    func encodeNil() { place.set("null") }

    func encode<Value: Encodable>(_ value: Value) throws { try place.encode(value, path: codingPath) }
}
