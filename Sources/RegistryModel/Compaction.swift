// SPDX-License-Identifier: BSD-2-Clause

/// Closes holes between fields, in rounds. Each moves fields into bytes that nobody has, so that one that is cut short
/// leaves a sound registry; and each brings a new generation, which frees the places they came from.
struct Compaction {
    /// Offsets by slot, with all free bytes in one piece at the end.
    private let goal: [Int: Int]

    init(_ image: RegistryImage) {
        // The widest first: then what is narrower fills what alignment leaves in front of them.
        let ordered = Self.fields(image).sorted { a, b in
            let (first, second) = (a.type.alignment, b.type.alignment)
            return first != second ? first > second : a.layout.offset < b.layout.offset
        }
        var free = [image.valueRange]
        var goal: [Int: Int] = [:]
        for field in ordered {
            guard let place = Self.take(field.type, from: &free) else { continue }
            goal[field.slot] = place
        }
        self.goal = goal
    }

    /// The first aligned place, which is then no longer free.
    private static func take(_ type: FieldType, from free: inout [Range<Int>]) -> Int? {
        for (index, hole) in free.enumerated() {
            let start = hole.lowerBound.rounded(upTo: type.alignment)
            let end = start + type.size
            guard end <= hole.upperBound else { continue }
            free.replaceSubrange(index...index, with: [hole.lowerBound..<start, end..<hole.upperBound])
            free.removeAll(where: \.isEmpty)
            return start
        }
        return nil
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
        return moves.isEmpty ? detour(misplaced, image) : moves
    }

    /// Fields that stand in each other's way: one of them steps aside, behind all that is to come.
    private func detour(_ misplaced: [RegisteredField], _ image: RegistryImage) -> [Move] {
        let end = Self.fields(image).compactMap { field in goal[field.slot].map { $0 + field.type.size } }.max() ?? 0
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

    private static func fields(_ image: RegistryImage) -> [RegisteredField] {
        image.fields.filter { $0.type.size > 0 }
    }
}
