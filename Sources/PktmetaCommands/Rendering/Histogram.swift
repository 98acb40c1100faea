// SPDX-License-Identifier: BSD-2-Clause

/// How often values of each length in bits occurred, drawn in block characters.
struct Histogram {
    /// Bucket k counts values that need k bits.
    let counts: [UInt64]
    let display: Display

    private static let heights = Array("▁▂▃▄▅▆▇█")
    private static let asciiHeights = Array(".:-=+*%#")

    /// From the first bucket in use to the last.
    private var used: Range<Int>? {
        guard let first = counts.firstIndex(where: { $0 > 0 }), let last = counts.lastIndex(where: { $0 > 0 }) else {
            return nil
        }
        return first..<last + 1
    }

    /// One character a bucket; empty if there are no values.
    var line: String {
        guard let used, let most = counts.max() else { return "" }
        let heights = display.hasUnicode ? Self.heights : Self.asciiHeights
        return String(
            used.map { bucket -> Character in
                if counts[bucket] == 0 { return " " }
                let height = Double(counts[bucket]) / Double(most) * Double(heights.count)
                return heights[min(heights.count, max(1, Int(height.rounded(.up)))) - 1]
            })
    }

    /// One row a bucket: its values, how many, a bar.
    func rows(width: Int) -> [String] {
        guard let used, let most = counts.max() else { return [] }
        let ranges = used.map { Self.values(ofBits: $0) }
        let numbers = used.map { String(counts[$0]) }
        let rangeWidth = ranges.map(displayWidth).max() ?? 0
        let numberWidth = numbers.map(\.utf8.count).max() ?? 0
        let barWidth = max(8, width - rangeWidth - numberWidth - 4)
        return zip(used, zip(ranges, numbers)).map { bucket, texts in
            let range = pad(texts.0, rangeWidth)
            let number = String(repeating: " ", count: numberWidth - texts.1.utf8.count) + texts.1
            let bar = display.bar(Double(counts[bucket]) / Double(most) * Double(barWidth))
            return "\(range)  \(number)" + (bar.isEmpty ? "" : "  " + bar)
        }
    }

    private func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: width - displayWidth(text)) + text
    }

    /// Values that need so many bits: `0`, `1`, `2..3`, `4..7`.
    static func values(ofBits bits: Int) -> String {
        if bits < 2 { return String(bits) }
        let first = UInt64(1) << UInt64(bits - 1)
        return "\(first)..\(first + (first - 1))"
    }
}

extension Display {
    /// A bar that many columns long, to an eighth where there is Unicode; of what is more than nothing, some is seen.
    package func bar(_ length: Double) -> String {
        if length <= 0 { return "" }
        guard hasUnicode else { return paint(String(repeating: "#", count: max(1, Int(length.rounded()))), .green) }
        let eighths = max(1, Int((length * 8).rounded()))
        let rest = eighths % 8
        let end = rest > 0 ? String(Self.partsOfColumn[rest - 1]) : ""
        return paint(String(repeating: "█", count: eighths / 8) + end, .green)
    }

    /// Eighths of a column, from one on.
    private static let partsOfColumn = Array("▏▎▍▌▋▊▉")
}
