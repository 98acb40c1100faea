// SPDX-License-Identifier: BSD-2-Clause

/// A part of a document that is to be written.
indirect enum OutputNode {
    case text(String)
    case number(Int)
    case flag(Bool)
    case list([OutputNode])
    /// In this order.
    case mapping([(key: String, value: OutputNode)])

    /// A text alone is a list of one.
    static func texts(_ texts: [String]) -> OutputNode {
        texts.count == 1 ? .text(texts[0]) : .list(texts.map { .text($0) })
    }
}

/// Members of a mapping, of which what is nil is left out.
struct OutputMembers<Key: DocumentKey> {
    private var members: [(key: String, value: OutputNode)] = []

    subscript(_ key: Key) -> OutputNode? {
        get { members.first { $0.key == key.rawValue }?.value }
        set { if let newValue { members.append((key.rawValue, newValue)) } }
    }

    var node: OutputNode { .mapping(members) }
    /// nil without any.
    var nodeUnlessEmpty: OutputNode? { members.isEmpty ? nil : node }
}

// MARK: Scalars

extension OutputNode {
    /// Of what is neither a list nor a mapping, for JSON; nil of these.
    var quotedScalar: String? {
        switch self {
        case .text(let text): Self.quoted(text)
        case .number(let number): String(number)
        case .flag(let flag): String(flag)
        case .list, .mapping: nil
        }
    }

    /// The same for YAML, where a text that can be nothing else takes no quotes.
    var plainScalar: String? {
        if case .text(let text) = self, Self.isPlain(text) { return text }
        return quotedScalar
    }

    /// Whether every reader of YAML takes it for this text.
    static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first) || first == UInt8(ascii: "/"), text.utf8.last != colon,
            !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
        else { return false }
        return text.utf8.allSatisfy { byte in
            isLetter(byte) || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || "_-./+:".utf8.contains(byte)
        }
    }

    private static let colon = UInt8(ascii: ":")

    private static func isLetter(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
    }

    /// As JSON and YAML both read it: YAML knows no pairs of surrogates, so that what takes one stands for itself.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\u{85}", "\u{2028}", "\u{2029}", "\r": quoted += escaped(scalar)
            case let scalar where !DocumentText.isAllowed(scalar): quoted += escaped(scalar)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }
}

// MARK: Documents

extension OutputNode {
    /// In JSON, a line a member or element.
    func json(indent: String = "") -> String {
        let inner = indent + "  "
        switch self {
        case .list(let nodes):
            if nodes.isEmpty { return "[]" }
            let lines = nodes.map { inner + $0.json(indent: inner) }
            return "[\n\(lines.joined(separator: ",\n"))\n\(indent)]"
        case .mapping(let members):
            if members.isEmpty { return "{}" }
            let lines = members.map { "\(inner)\(Self.quoted($0.key)): \($0.value.json(indent: inner))" }
            return "{\n\(lines.joined(separator: ",\n"))\n\(indent)}"
        case .text, .number, .flag: return quotedScalar ?? ""
        }
    }

    /// In YAML, behind `key:` or `-`: on that line, or on lines of its own.
    func yaml(indent: String = "") -> String {
        switch self {
        case .list(let nodes):
            let scalars = nodes.compactMap(\.plainScalar)
            if scalars.count == nodes.count { return " [\(scalars.joined(separator: ", "))]\n" }
            return "\n" + nodes.map { "\(indent)-" + $0.yamlElement(indent: indent + "  ") }.joined()
        case .mapping(let members):
            return members.isEmpty ? " {}\n" : "\n" + Self.yaml(members, indent: indent)
        case .text, .number, .flag: return " \(plainScalar ?? "")\n"
        }
    }

    /// The members of the whole document, or of an element.
    static func yaml(_ members: [(key: String, value: OutputNode)], indent: String) -> String {
        members.map { key, value in
            let name = OutputNode.text(key).plainScalar ?? ""
            return "\(indent)\(name):" + value.yaml(indent: indent + "  ")
        }.joined()
    }

    /// The first member stands behind the dash.
    private func yamlElement(indent: String) -> String {
        guard case .mapping(let members) = self, !members.isEmpty else { return yaml(indent: indent) }
        return " " + Self.yaml(members, indent: indent).dropFirst(indent.utf8.count)
    }
}
