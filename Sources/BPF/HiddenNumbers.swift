// SPDX-License-Identifier: BSD-2-Clause

extension BPFError {
    /// The same without some numbers that are constants of the program's.
    public func hidingNumbers(_ isSecret: (UInt64) -> Bool) -> BPFError {
        BPFError(
            operation, errno, messages: messages.map { $0.hidingNumbers(isSecret) },
            verifierLog: verifierLog?.hiding(isSecret))
    }
}

extension String {
    /// The same with `[hidden]` in place of some numbers in hexadecimal or, signed or not, decimal digits.
    func hidingNumbers(_ isSecret: (UInt64) -> Bool) -> String {
        var shown: [UInt8] = []
        var rest = Array(utf8)[...]
        while let byte = rest.first {
            let isHexadecimal = byte == UInt8(ascii: "0") && rest.dropFirst().first == UInt8(ascii: "x")
            let digits = rest.dropFirst(isHexadecimal ? 2 : 0).prefix { Self.isDigit($0, isHexadecimal) }
            guard !digits.isEmpty else {
                shown.append(byte)
                rest = rest.dropFirst()
                continue
            }
            let text = String(decoding: digits, as: UTF8.self)
            let isNegative = !isHexadecimal && shown.last == UInt8(ascii: "-")
            let number = UInt64(text, radix: isHexadecimal ? 16 : 10).map { isNegative ? 0 &- $0 : $0 }
            let all = rest[rest.startIndex..<digits.endIndex]
            shown += number.map(isSecret) == true ? Array("[hidden]".utf8) : Array(all)
            rest = rest[digits.endIndex...]
        }
        return String(decoding: shown, as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8, _ isHexadecimal: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): isHexadecimal
        default: false
        }
    }
}
