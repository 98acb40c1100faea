// SPDX-License-Identifier: BSD-2-Clause

internal import Linux

/// Writes JSON as Foundation's JSONEncoder does, with sorted keys and slashes as they are.
struct JSONWriter {
    enum Style {
        /// Everything on one line.
        case line
        /// A line a member or element, indented by two spaces a level.
        case lines
    }

    private let style: Style
    private var bytes: [UInt8] = []
    /// What comes before each value at this depth.
    private var lineStart: [UInt8]

    init(_ style: Style) {
        self.style = style
        lineStart = style == .lines ? [UInt8(ascii: "\n")] : []
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    mutating func write(_ value: JSONValue) {
        switch value {
        case .null: append("null")
        case .flag(let flag): append(flag ? "true" : "false")
        case .unsigned(let number): append(digitsOf: UInt64(number))
        case .signed(let number): append(String(number))
        case .long(let number): append(digitsOf: number)
        case .digits(let number): write(digitsOf: number)
        case .fraction(let number): write(number)
        case .text(let content): write(quoted: content)
        case .array(let elements):
            open("[")
            var isFirst = true
            for element in elements {
                startValue(&isFirst)
                write(element)
            }
            close("]", isEmpty: isFirst)
        case .digitsOfArray(let elements):
            open("[")
            var isFirst = true
            for case .long(let number) in elements {
                startValue(&isFirst)
                write(digitsOf: number)
            }
            close("]", isEmpty: isFirst)
        case .object(let members), .table(let members):
            open("{")
            var isFirst = true
            for member in members {
                startMember(member.key, &isFirst)
                write(member.value)
            }
            close("}", isEmpty: isFirst)
        case .digitsOfTable(let members):
            open("{")
            var isFirst = true
            for member in members {
                guard case .long(let number) = member.value else { continue }
                startMember(member.key, &isFirst)
                write(digitsOf: number)
            }
            close("}", isEmpty: isFirst)
        }
    }

    private mutating func open(_ bracket: Unicode.Scalar) {
        bytes.append(UInt8(ascii: bracket))
        if style == .lines { lineStart += [UInt8(ascii: " "), UInt8(ascii: " ")] }
    }

    private mutating func startValue(_ isFirst: inout Bool) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        bytes += lineStart
    }

    private mutating func startMember(_ key: String, _ isFirst: inout Bool) {
        startValue(&isFirst)
        write(quoted: key)
        append(style == .lines ? " : " : ":")
    }

    private mutating func close(_ bracket: Unicode.Scalar, isEmpty: Bool) {
        if style == .lines {
            // An empty one has a line of its own.
            if isEmpty { bytes.append(UInt8(ascii: "\n")) }
            lineStart.removeLast(2)
        }
        bytes += lineStart
        bytes.append(UInt8(ascii: bracket))
    }

    private mutating func write(_ number: Double) {
        precondition(number.isFinite, "JSON has no \(number)")
        let digits = String(number)
        append(digits.hasSuffix(".0") ? String(digits.dropLast(2)) : digits)
    }

    private mutating func write(digitsOf number: UInt64) {
        bytes.append(UInt8(ascii: "\""))
        append(digitsOf: number)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Without a String, which takes longer than the digits.
    private mutating func append(digitsOf number: UInt64) {
        var divisor: UInt64 = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }

    private mutating func write(quoted content: String) {
        bytes.append(UInt8(ascii: "\""))
        if content.utf8.allSatisfy({ 0x20..<0x7f ~= $0 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            append(content)
        } else {
            for scalar in content.unicodeScalars { escape(scalar) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Also what a terminal would obey, since people look at documents too.
    private mutating func escape(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": append("\\\"")
        case "\\": append("\\\\")
        case "\u{8}": append("\\b")
        case "\t": append("\\t")
        case "\n": append("\\n")
        case "\u{c}": append("\\f")
        case "\r": append("\\r")
        case let scalar where SpelledBytes.isInvisible(scalar):
            for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
                let digits = String(unit, radix: 16)
                append("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits)
            }
        default: bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
        }
    }

    private mutating func append(_ text: String) {
        // The buffer is copied from before this returns. Byte by byte, this took half of the time of a document.
        let isCopied: Void? = unsafe text.utf8.withContiguousStorageIfAvailable { unsafe bytes.append(contentsOf: $0) }
        if isCopied == nil { bytes += text.utf8 }
    }
}
