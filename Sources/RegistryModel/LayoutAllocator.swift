// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// Finds a place for a field among those that are taken: best fit, naturally aligned.
struct LayoutAllocator {
    let image: RegistryImage

    /// Free ranges of bytes, in order.
    var holes: [Range<Int>] {
        var holes: [Range<Int>] = []
        var start = image.valueRange.lowerBound
        for taken in takenRanges + [image.valueRange.upperBound..<image.valueRange.upperBound] {
            if taken.lowerBound > start { holes.append(start..<taken.lowerBound) }
            start = max(start, taken.upperBound)
        }
        return holes
    }

    private var takenRanges: [Range<Int>] {
        RegistryImage.fieldSlots.map { image[$0].layout }
            .filter { image.isOccupied($0) && $0.size > 0 }
            .map { $0.offset..<$0.offset + $0.size }
            .map { $0.clamped(to: image.valueRange) }
            .sorted { $0.lowerBound < $1.lowerBound }
    }

    /// The lowest aligned place in the smallest hole that has one; nil if none has.
    func offset(for type: FieldType) -> Int? {
        guard type.size > 0 else { return image.valueRange.lowerBound }
        return holes.sorted { ($0.count, $0.lowerBound) < ($1.count, $1.lowerBound) }
            .lazy
            .map { (hole: $0, offset: $0.lowerBound.rounded(upTo: type.alignment)) }
            .first { $0.offset + type.size <= $0.hole.upperBound }?
            .offset
    }

    /// Whether a field of that type may lie there: free, aligned and in the area.
    func has(_ offset: Int, for type: FieldType) -> Bool {
        guard type.size > 0 else { return offset == image.valueRange.lowerBound }
        return offset.isMultiple(of: type.alignment)
            && holes.contains { $0.lowerBound <= offset && offset + type.size <= $0.upperBound }
    }

    /// A slot for an ordinary field: without a field and with an epoch left; nil if there is none.
    var freeSlot: Int? {
        RegistryImage.ordinarySlots.first {
            !image.isOccupied(image[$0].layout) && image[$0].lastEpoch < UInt16(PKTMETA_EPOCH_MAX)
        }
    }
}

extension Int {
    /// The next multiple of an alignment, or this if it is one.
    func rounded(upTo alignment: Int) -> Int { (self + alignment - 1) / alignment * alignment }
}
