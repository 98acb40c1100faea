// SPDX-License-Identifier: BSD-2-Clause

/// Closes holes between fields, in rounds. Each moves fields into bytes that nobody has, so that one that is cut short
/// leaves a sound registry; and each brings a new generation, which frees the places they came from.
struct Compaction {
    /// Offsets by slot, with all free bytes in one piece at the end.
    private let goal: [Int: Int]
    /// Where that piece begins: behind all that is to come.
    private let end: Int

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
        self.end = end
    }

    struct Move: Hashable {
        let slot: Int
        let offset: Int
    }

    /// What can move next; nothing if all is where it should be, or nothing more fits anywhere else.
    func round(_ image: RegistryImage) -> [Move] {
        let misplaced = Self.fields(image).filter { goal[$0.slot] != $0.layout.offset }
        let holes = LayoutAllocator(image: image).holes
        var free = Set(holes.flatMap { $0 })
        var moves: [Move] = []
        for field in misplaced {
            guard let offset = goal[field.slot] else { continue }
            let place = Set(offset..<offset + field.type.size)
            guard place.isSubset(of: free) else { continue }
            free.subtract(place)
            moves.append(Move(slot: field.slot, offset: offset))
        }
        return moves.isEmpty ? detour(misplaced, holes) : moves
    }

    /// Fields stand in each other's way: one of them steps aside, behind all that is to come, and stays there until its place is free. If
    /// none can, one goes to a hole in front of it, so that holes join.
    private func detour(_ misplaced: [RegisteredField], _ holes: [Range<Int>]) -> [Move] {
        let standing = misplaced.filter { $0.layout.offset < end }
        let behind = holes.map { max($0.lowerBound, end)..<max($0.upperBound, end) }
        let aside = Self.move(standing) { _ in behind }
        return aside.isEmpty
            ? Self.move(standing) { field in holes.filter { $0.lowerBound < field.layout.offset } } : aside
    }

    /// The first of the fields that fits one of its holes.
    private static func move(_ fields: [RegisteredField], to holes: (RegisteredField) -> [Range<Int>]) -> [Move] {
        for field in fields {
            for hole in holes(field) {
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
