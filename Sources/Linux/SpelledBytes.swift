// SPDX-License-Identifier: BSD-2-Clause

/// Bytes as text, and back: what is no UTF-8 is spelled `\xff`, so that it can be shown and typed.
public enum SpelledBytes {
    /// Bytes that are UTF-8 stay as they are.
    public static func text(_ bytes: some Collection<UInt8>) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var scalars = String.UnicodeScalarView()
        var parser = Unicode.UTF8.ForwardParser()
        var rest = bytes.makeIterator()
        var invalid = bytes.startIndex
        while true {
            switch parser.parseScalar(from: &rest) {
            case .emptyInput: return String(scalars)
            case .valid(let units):
                scalars.append(Unicode.UTF8.decode(units))
                invalid = bytes.index(invalid, offsetBy: units.count)
            case .error(let length):
                for _ in 0..<length {
                    scalars.append(contentsOf: spelled(bytes[invalid]).unicodeScalars)
                    invalid = bytes.index(after: invalid)
                }
            }
        }
    }

    /// What a text stands for, if it has bytes that are spelled.
    public static func bytes(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            let digits = rest.dropFirst().prefix(2)
            if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x"), digits.count == 2,
                digits.allSatisfy({ isHexadecimal($0) }), let value = UInt8(String(Substring(digits)), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }

    /// A text in which no character moves a cursor, changes the direction of writing or is invisible: the bytes of
    /// such a character are spelled.
    public static func visible(_ text: String, keeping kept: (Unicode.Scalar) -> Bool = { _ in false }) -> String {
        func isHidden(_ scalar: Unicode.Scalar) -> Bool { isInvisible(scalar) && !kept(scalar) }
        guard text.unicodeScalars.contains(where: isHidden) else { return text }
        return text.unicodeScalars.map { scalar in
            isHidden(scalar) ? String(scalar).utf8.map(spelled).joined() : String(scalar)
        }.joined()
    }

    /// Controls, formats such as U+202E, line and paragraph separators (general categories Cc, Cf, Zl and Zp of
    /// Unicode), but for the two that join characters, or do not.
    public static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7f }
        if scalar == "\u{200c}" || scalar == "\u{200d}" { return false }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    private static func spelled(_ byte: UInt8) -> String {
        "\\x" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool { Unicode.Scalar(byte).properties.isASCIIHexDigit }
}
