// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata

/// A text in JSON (RFC 8259), as a tree.
///
/// libyaml takes JSON too, but for pairs of escapes that mean one character, and says neither where a value ends nor what JSON
/// does not have.
struct JSONTree {
    let root: Node
    /// Where in the text's bytes the values of the root's members are.
    let spans: [String: Range<Int>]
    /// Whether a mapping has a key twice.
    let hasDuplicates: Bool

    /// - Parameters:
    ///   - file: for places.
    ///   - mostLevels: lists and mappings in each other.
    /// - Throws: what is not as JSON has it.
    init(_ text: DocumentText, named file: String, mostLevels: Int) throws(DocumentError) {
        var parser = JSONParser(text, named: file, mostLevels: mostLevels)
        root = try parser.document()
        (spans, hasDuplicates) = (parser.spans, parser.hasDuplicates)
    }
}

private struct JSONParser {
    private let file: String
    private let mostLevels: Int
    private var rest: String.UnicodeScalarView.Iterator
    private var next: Unicode.Scalar?
    /// Of `next`, in bytes.
    private var offset = 0
    private var position = TextPosition()
    private(set) var spans: [String: Range<Int>] = [:]
    private(set) var hasDuplicates = false

    init(_ text: DocumentText, named file: String, mostLevels: Int) {
        self.file = file
        self.mostLevels = mostLevels
        rest = text.scalars.makeIterator()
        next = rest.next()
    }

    mutating func document() throws(DocumentError) -> Node {
        skipSpace()
        let root = try value(level: 1)
        skipSpace()
        if next != nil { throw fault(.end) }
        return root
    }

    // MARK: Values

    /// - Parameter level: of a list or mapping that begins there, from 1.
    private mutating func value(level: Int) throws(DocumentError) -> Node {
        let place = place
        switch next {
        case "{": return Node(value: .mapping(try mapping(level)), place: place)
        case "[": return Node(value: .list(try list(level)), place: place)
        case "\"": return Node(value: .text(try text(), isPlain: false), place: place)
        default: return Node(value: .text(try word(), isPlain: true), place: place)
        }
    }

    private mutating func mapping(_ level: Int) throws(DocumentError) -> [Entry] {
        try enter(level)
        var entries: [Entry] = []
        var keys: Set<String> = []
        if takes("}") { return entries }
        repeat {
            skipSpace()
            let keyPlace = place
            guard next == "\"" else { throw fault(.key) }
            let key = try text()
            skipSpace()
            guard takes(":") else { throw fault(.colon) }
            skipSpace()
            let begin = offset
            let value = try value(level: level + 1)
            if keys.insert(key).inserted {
                entries.append(Entry(key: key, keyPlace: keyPlace, value: value))
                if level == 1 { spans[key] = begin..<offset }
            } else {
                hasDuplicates = true
            }
            skipSpace()
        } while takes(",")
        guard takes("}") else { throw fault(.commaOrBrace) }
        return entries
    }

    private mutating func list(_ level: Int) throws(DocumentError) -> [Node] {
        try enter(level)
        var nodes: [Node] = []
        if takes("]") { return nodes }
        repeat {
            skipSpace()
            nodes.append(try value(level: level + 1))
            skipSpace()
        } while takes(",")
        guard takes("]") else { throw fault(.commaOrBracket) }
        return nodes
    }

    /// Takes the bracket that a list or mapping begins with.
    private mutating func enter(_ level: Int) throws(DocumentError) {
        if level > mostLevels { throw DocumentError(DocumentFault(at: place, .tooDeep(most: mostLevels))) }
        advance()
        skipSpace()
    }

    /// A number, `true`, `false` or `null`.
    private mutating func word() throws(DocumentError) -> String {
        let place = place
        var word = ""
        while let letter = next, letter.properties.isAlphabetic || "+-.0123456789".unicodeScalars.contains(letter) {
            word.unicodeScalars.append(letter)
            advance()
        }
        if ["true", "false", "null"].contains(word) || Self.isNumber(word.utf8[...]) { return word }
        throw DocumentError(DocumentFault(at: place, .notJSON(needs: .value)))
    }

    private static func isNumber(_ text: Substring.UTF8View) -> Bool {
        var rest = text
        func takes(_ letters: String) -> Bool {
            guard let first = rest.first, letters.utf8.contains(first) else { return false }
            rest.removeFirst()
            return true
        }
        func takesDigits() -> Bool {
            let before = rest.count
            while takes("0123456789") {}
            return rest.count < before
        }
        _ = takes("-")
        guard takes("0") || takesDigits() else { return false }
        if takes("."), !takesDigits() { return false }
        if takes("eE") {
            _ = takes("+-")
            if !takesDigits() { return false }
        }
        return rest.isEmpty
    }

    // MARK: Texts

    private mutating func text() throws(DocumentError) -> String {
        var text = ""
        advance()
        while true {
            switch next {
            case nil: throw fault(.quote)
            case "\"":
                advance()
                return text
            case "\\": text.unicodeScalars.append(try escape())
            case .some(let scalar):
                if scalar.value < 0x20 {
                    throw DocumentError(DocumentFault(at: place, .controlCharacter(scalar.value)))
                }
                text.unicodeScalars.append(scalar)
                advance()
            }
        }
    }

    private mutating func escape() throws(DocumentError) -> Unicode.Scalar {
        let place = place
        advance()
        guard let letter = next else { throw fault(.quote) }
        if letter == "u" {
            advance()
            let number = try codePoint(from: place)
            // No path or name has one.
            guard let scalar = Unicode.Scalar(number), number != 0 else {
                throw DocumentError(DocumentFault(at: place, .controlCharacter(number)))
            }
            return scalar
        }
        guard let scalar = Self.escapes[letter] else {
            throw DocumentError(DocumentFault(at: place, .notJSON(needs: .escape)))
        }
        advance()
        return scalar
    }

    private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
        "\"": "\"", "\\": "\\", "/": "/", "b": "\u{8}", "f": "\u{c}", "n": "\n", "r": "\r", "t": "\t",
    ]

    /// What four hexadecimal digits mean, or two times four for a character beyond U+FFFF.
    private mutating func codePoint(from place: DocumentPlace) throws(DocumentError) -> UInt32 {
        let unpaired = DocumentError(DocumentFault(at: place, .notJSON(needs: .surrogatePair)))
        let first = try unit(from: place)
        if 0xdc00..<0xe000 ~= first { throw unpaired }
        guard 0xd800..<0xdc00 ~= first else { return first }
        guard takes("\\"), takes("u") else { throw unpaired }
        let second = try unit(from: place)
        guard 0xdc00..<0xe000 ~= second else { throw unpaired }
        return 0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)
    }

    private mutating func unit(from place: DocumentPlace) throws(DocumentError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = next.flatMap({ Character($0).hexDigitValue }), next?.isASCII == true else {
                throw DocumentError(DocumentFault(at: place, .notJSON(needs: .escape)))
            }
            unit = unit << 4 | UInt32(digit)
            advance()
        }
        return unit
    }

    // MARK: Characters

    private var place: DocumentPlace { position.place(in: file) }

    private func fault(_ needed: DocumentFault.JSONPart) -> DocumentError {
        DocumentError(DocumentFault(at: place, .notJSON(needs: needed)))
    }

    private mutating func advance() {
        guard let scalar = next else { return }
        offset += UTF8.width(scalar)
        position.advance(past: scalar)
        next = rest.next()
    }

    private mutating func takes(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        advance()
        return true
    }

    private mutating func skipSpace() {
        while let scalar = next, [" ", "\t", "\n", "\r"].contains(scalar) { advance() }
    }
}
