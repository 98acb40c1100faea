// SPDX-License-Identifier: BSD-2-Clause

/// Times a second: `0`, `3.5`, `120`, `12.3k`, `1.2M`.
func rate(_ rate: Double) -> String {
    switch rate {
    case 0: "0"
    case ..<9.95: tenths(rate)
    case ..<9999.5: String(Int(rate.rounded()))
    case ..<999_950: tenths(rate / 1e3) + "k"
    case ..<999_950_000: tenths(rate / 1e6) + "M"
    default: tenths(rate / 1e9) + "G"
    }
}

/// With that many digits behind the point: `1.050`.
package func fixed(_ number: Double, digits: Int) -> String {
    guard number.isFinite, abs(number) < 1e15 else { return "-" }
    let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
    let scaled = Int64((abs(number) * scale).rounded())
    let (whole, rest) = scaled.quotientAndRemainder(dividingBy: Int64(scale))
    let sign = number < 0 && scaled != 0 ? "-" : ""
    guard digits > 0 else { return sign + String(whole) }
    let text = String(rest)
    return "\(sign)\(whole)." + String(repeating: "0", count: digits - text.utf8.count) + text
}

private func tenths(_ number: Double) -> String { String((number * 10).rounded() / 10) }

/// The time from one point to another, in ns: `0.3s`, `45s`, `12min`, `5h`.
func elapsed(from start: UInt64, to end: UInt64) -> String {
    let seconds = Double(end > start ? end - start : 0) / 1e9
    switch seconds {
    case ..<10: return tenths(seconds) + "s"
    case ..<120: return "\(Int(seconds))s"
    case ..<7200: return "\(Int(seconds / 60))min"
    default: return "\(Int(seconds / 3600))h"
    }
}
