// SPDX-License-Identifier: BSD-2-Clause

/// Closes holes between fields, in rounds. Each moves fields into bytes that nobody has, so that one that is cut short
/// leaves a sound registry; and each brings a new generation, which frees the places they came from.
struct Compaction {
    /// Offsets by slot, with all free bytes in one piece at the end.
    private let goal: [Int: Int]

    init(_ image: RegistryImage) {
        // The widest alignment first: each size is a multiple of its alignment, so there are no gaps between fields.
        let ordered = Self.fields(image).sorted { a, b in
            let (first, second) = (a.type.alignment, b.type.alignment)
            return first != second ? first > second : a.layout.offset < b.layout.offset
        }
        var goal: [Int: Int] = [:]
        var end = image.valueRange.lowerBound
        for field in ordered {
            let offset = end.rounded(upTo: field.type.alignment)
            guard offset + field.type.size <= image.valueRange.upperBound else { continue }
            goal[field.slot] = offset
            end = offset + field.type.size
        }
        self.goal = goal
    }

    struct Move: Hashable {
        let slot: Int
        let offset: Int
    }

    /// What can move next; nothing if all is where it should be, or nothing more fits anywhere else.
    func round(_ image: RegistryImage) -> [Move] {
        let misplaced = Self.fields(image).filter { goal[$0.slot] != $0.layout.offset }
        var free = Set(LayoutAllocator(image: image).holes.flatMap { $0 })
        var moves: [Move] = []
        for field in misplaced {
            guard let offset = goal[field.slot] else { continue }
            let place = Set(offset..<offset + field.type.size)
            guard place.isSubset(of: free) else { continue }
            free.subtract(place)
            moves.append(Move(slot: field.slot, offset: offset))
        }
        if !moves.isEmpty { return moves }
        // Behind all that is to come.
        let end = Self.fields(image).compactMap { field in goal[field.slot].map { $0 + field.type.size } }.max() ?? 0
        let aside = detour(misplaced, image, end)
        return aside.isEmpty ? slide(misplaced, image, end) : aside
    }

    /// Fields that stand in each other's way: one of them steps aside.
    private func detour(_ misplaced: [RegisteredField], _ image: RegistryImage, _ end: Int) -> [Move] {
        let aside = LayoutAllocator(image: image).holes.map { max($0.lowerBound, end)..<max($0.upperBound, end) }
        for field in misplaced where field.layout.offset < end {
            let alignment = field.type.alignment
            for hole in aside {
                let offset = hole.lowerBound.rounded(upTo: alignment)
                if offset + field.type.size <= hole.upperBound { return [Move(slot: field.slot, offset: offset)] }
            }
        }
        return []
    }

    /// None can step aside: one goes to a hole in front of it, so that holes join. One that has stepped aside stays there, or it would go to
    /// and fro.
    private func slide(_ misplaced: [RegisteredField], _ image: RegistryImage, _ end: Int) -> [Move] {
        let holes = LayoutAllocator(image: image).holes
        for field in misplaced where field.layout.offset < end {
            for hole in holes where hole.lowerBound < field.layout.offset {
                let offset = hole.lowerBound.rounded(upTo: field.type.alignment)
                if offset + field.type.size <= hole.upperBound { return [Move(slot: field.slot, offset: offset)] }
            }
        }
        return []
    }

    private static func fields(_ image: RegistryImage) -> [RegisteredField] {
        image.fields.filter { $0.type.size > 0 }
    }
}
