// SPDX-License-Identifier: BSD-2-Clause

/// Bytes of the area next to each other that are put to one use.
public struct AreaPart: Hashable, Sendable {
    public enum Use: Hashable, Sendable {
        case field(RegisteredField)
        /// A field's that was unregistered: free once packets under way have gone by, which the next change sees to.
        case released(slot: Int)
        /// Of an entry that makes no sense, so nobody knows whose they are.
        case damaged(slot: Int)
        case free
        /// A half of the seal, and which fields are set.
        case header
        /// The stamp, and what the kernel writes to.
        case trailer
    }

    /// Bytes from the start of the area.
    public let range: Range<Int>
    public let use: Use
}

extension RegistryImage {
    /// The area from its first byte to its last: each byte is in exactly one part.
    ///
    /// Where damaged entries overlap, the one of the lowest offset and slot has the bytes. Flags have none.
    public var areaParts: [AreaPart] {
        var parts: [AreaPart] = []
        var end = 0
        func append(_ use: AreaPart.Use, upTo: Int) {
            guard upTo > end else { return }
            parts.append(AreaPart(range: end..<upTo, use: use))
            end = upTo
        }
        append(.header, upTo: valueRange.lowerBound)
        for (layout, use) in occupied {
            append(.free, upTo: min(layout.offset, valueRange.upperBound))
            append(use, upTo: min(layout.offset + layout.size, valueRange.upperBound))
        }
        append(.free, upTo: valueRange.upperBound)
        append(.trailer, upTo: word.capacity)
        return parts
    }

    private var occupied: [(LayoutWord, AreaPart.Use)] {
        let sound = Dictionary(uniqueKeysWithValues: fields.map { ($0.slot, $0) })
        return Self.fieldSlots
            .filter { isOccupied(self[$0].layout) && self[$0].layout.size > 0 }
            .sorted { (self[$0].layout.offset, $0) < (self[$1].layout.offset, $1) }
            .map { slot in
                let layout = self[slot].layout
                if let field = sound[slot] { return (layout, .field(field)) }
                return (layout, layout.isTombstone ? .released(slot: slot) : .damaged(slot: slot))
            }
    }
}
