// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata

/// The bytes of a document, as text: UTF-8 without characters that YAML does not take.
///
/// The parser would say of these no more than how many bytes are before them.
struct DocumentText {
    let bytes: [UInt8]
    let scalars: String.UnicodeScalarView

    /// - Throws: the first of what no document has.
    init(_ bytes: [UInt8], named file: String) throws(DocumentError) {
        let mark: [UInt8] = [0xef, 0xbb, 0xbf]
        self.bytes = bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
        var position = TextPosition()
        var scalars = String.UnicodeScalarView()
        var parser = Unicode.UTF8.ForwardParser()
        var rest = self.bytes.makeIterator()
        while true {
            switch parser.parseScalar(from: &rest) {
            case .emptyInput:
                self.scalars = scalars
                return
            case .error: throw DocumentError(DocumentFault(at: position.place(in: file), .notUTF8))
            case .valid(let units):
                let scalar = Unicode.UTF8.decode(units)
                guard Self.isAllowed(scalar) else {
                    throw DocumentError(DocumentFault(at: position.place(in: file), .controlCharacter(scalar.value)))
                }
                scalars.append(scalar)
                position.advance(past: scalar)
            }
        }
    }

    /// The printable characters of YAML 1.2 (section 5.1), without a byte order mark.
    static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x9, 0xa, 0xd, 0x85: true
        case 0xfeff, 0xfffe, 0xffff: false
        case 0..<0x20, 0x7f..<0xa0: false
        default: true
        }
    }
}

/// A line and a column, as libyaml counts them.
struct TextPosition {
    private var (line, column) = (1, 1)
    private var isBehindReturn = false

    func place(in file: String) -> DocumentPlace { DocumentPlace(file: file, line: line, column: column) }

    mutating func advance(past scalar: Unicode.Scalar) {
        defer { isBehindReturn = scalar == "\r" }
        switch scalar {
        case "\n" where isBehindReturn: break
        case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": (line, column) = (line + 1, 1)
        default: column += 1
        }
    }
}

/// That a document cannot be read on.
struct DocumentError: Error {
    let fault: DocumentFault

    init(_ fault: DocumentFault) { self.fault = fault }
}
