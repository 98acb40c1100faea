// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

/// The area drawn byte by byte: what lies where, and what is free.
struct AreaPicture {
    let image: RegistryImage
    let display: Display

    /// Where nobody says how wide the picture may be.
    private static let usualWidth = 80
    /// Columns of a byte, with the line before it: fewer leave no room for a name, more are wasted.
    private static let cellWidths = 4...6
    private static let offsetWidth = 4

    private var room: Int { (display.width ?? Self.usualWidth) - Self.offsetWidth - 1 }

    private var bytesPerRow: Int {
        [32, 16].first { room / $0 >= Self.cellWidths.lowerBound } ?? 8
    }

    private var cellWidth: Int { max(2, min(Self.cellWidths.upperBound, room / bytesPerRow)) }

    var text: String {
        let parts = image.areaParts
        let rows = stride(from: 0, to: image.word.capacity, by: bytesPerRow).map { start in
            row(start..<min(start + bytesPerRow, image.word.capacity), parts)
        }
        return ([ruler] + rows).joined(separator: "\n")
    }

    private var ruler: String {
        let count = min(bytesPerRow, image.word.capacity)
        let numbers = (0..<count).map { right(String($0), cellWidth - 1) }.joined(separator: " ")
        return display.paint(String(repeating: " ", count: Self.offsetWidth) + numbers, .dim)
    }

    private func row(_ bytes: Range<Int>, _ parts: [AreaPart]) -> String {
        let segments = parts.compactMap { part -> String? in
            let shown = part.range.clamped(to: bytes)
            return shown.isEmpty ? nil : line + segment(part, shown)
        }
        return right(String(bytes.lowerBound), Self.offsetWidth - 1) + " " + segments.joined() + line
    }

    private var line: String { display.hasUnicode ? "│" : "|" }

    private func segment(_ part: AreaPart, _ shown: Range<Int>) -> String {
        let width = shown.count * cellWidth - 1
        let (label, style, filler) = look(of: part)
        let continued = shown.lowerBound > part.range.lowerBound ? (display.hasUnicode ? "…" : "~") : ""
        let text = display.cut(label.isEmpty ? "" : continued + label, to: width)
        return display.paint(text + String(repeating: filler, count: width - displayWidth(text)), style)
    }

    private func look(of part: AreaPart) -> (label: String, style: Style, filler: String) {
        switch part.use {
        case .header: ("header", .dim, " ")
        case .trailer: ("trailer", .dim, " ")
        case .field(let field): (field.name.text, .series(field.slot - 1), " ")
        case .released: ("released", .dim, display.hasUnicode ? "╌" : "-")
        case .damaged(let slot): ("slot \(slot)?", .red, "?")
        case .free: ("", .dim, display.hasUnicode ? "·" : ".")
        }
    }

    private func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.utf8.count)) + text
    }
}
